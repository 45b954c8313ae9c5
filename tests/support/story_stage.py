"""Plays steps of the story on a ledger in memory: the same commands, decided the same way, no server."""

from typing import Any

import msgspec

from opsledger.story.cast import AUDITOR, LATER_ROLES, ROLES, SUBSCRIBER
from opsledger.story.step import Step
from opsledger_contracts.catalogue import NOUNS
from opsledger_contracts.fields import Evidence
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.domain.deciding import COMMANDS
from support.deciding import Stage

PERSON_OF = {role.position: role.person for role in (*ROLES, *LATER_ROLES, AUDITOR, SUBSCRIBER)}
NOUN_OF = {entry.plural: noun for noun, entry in NOUNS.items()}


class StageStory:
    """A stage that takes the steps of a story and is their memory."""

    def __init__(self) -> None:
        self.stage = Stage()

    def play(self, step: Step) -> str | None:
        """Take one step; gives the code if it was refused.

        Raises:
            AssertionError: the step was answered otherwise than it expects.

        """
        plural, identifier, verb = step.do.split("/")
        entry = COMMANDS[NOUN_OF[plural], verb]
        content = step.content(self)
        context: dict[str, Any] = {}
        if "reason" in content:
            context["reason"] = content.pop("reason")
        if "evidence" in content:
            context["evidence"] = msgspec.convert(content.pop("evidence"), tuple[Evidence, ...])
        if "occurred_at" in content:
            context["occurred_at"] = content.pop("occurred_at")
        command = msgspec.convert(content, entry.command)
        if step.by != "admin":
            context |= {"person": PERSON_OF[step.by], "position": step.by}
        code = None
        try:
            self.stage.do(command, identifier, at=step.moment(), **context)
        except Refusal as refusal:
            code = refusal.code
            told = f"{step.at} {step.by} {step.do}: {refusal}"
            assert code == step.refused, told
        assert code == step.refused, f"{step.at} {step.by} {step.do} was accepted"
        return code

    def data(self, stream: str, type_name: str) -> dict[str, Any]:
        """Give the data of the latest event of a type in a stream."""
        found = [event for event in self.stage.events(stream) if type_name == event.TYPE]
        data: dict[str, Any] = msgspec.to_builtins(found[-1])
        return data

    def version(self, stream: str) -> int:
        """Tell the last version of a stream."""
        return self.stage.world.version(stream)

    def position(self) -> int:
        """Tell the last position of the ledger."""
        return self.stage.position
