"""Decision bodies: chartered with members, quorum, vote rule and competences (R027)."""

from typing import Any

import msgspec
import pytest

from opsledger_contracts.events.body import MeetingBodyChartered, MeetingBodyRechartered
from opsledger_contracts.problems.body import MemberRepeated, QuorumUnreachable
from opsledger_contracts.problems.general import UnknownReference
from opsledger_ledger.domain.body import BodyState, CharterBody, RecharterBody
from support.deciding import Refused, Stage, undeclared_and_untested
from support.organisation import organisation

CHARTER = CharterBody(
    title="薪酬考核委员会",
    unit="HX",
    members=("HX-P", "HX-VP", "FIN-1"),
    quorum=2,
    vote_rule="majority",
    competences=("RULEBOOK",),
)
RECHARTER = RecharterBody(
    members=("HX-P", "HX-VP"), quorum=2, vote_rule="unanimous", competences=()
)


def chartered() -> Stage:
    """A committee of three."""
    stage = organisation()
    stage.do(CHARTER, "COM")
    return stage


def row(command: Any, refusal: Any, name: str) -> Refused:
    """One refusal of a first charter, or of a later one."""
    first = isinstance(command, CharterBody)
    return Refused(
        id=name,
        stage=organisation() if first else chartered(),
        command=command,
        target="COM",
        refusal=refusal,
    )


REFUSED = [
    row(msgspec.structs.replace(CHARTER, unit="NO"), UnknownReference, "unit unknown"),
    row(
        msgspec.structs.replace(CHARTER, members=("HX-P", "NO")),
        UnknownReference,
        "member unknown",
    ),
    row(msgspec.structs.replace(CHARTER, members=("HX-P", "HX-P")), MemberRepeated, "member twice"),
    row(msgspec.structs.replace(CHARTER, quorum=4), QuorumUnreachable, "quorum of four of three"),
    row(
        msgspec.structs.replace(RECHARTER, members=("NO",)),
        UnknownReference,
        "new member unknown",
    ),
    row(
        msgspec.structs.replace(RECHARTER, members=("HX-P", "HX-VP", "HX-P")),
        MemberRepeated,
        "new member twice",
    ),
    row(msgspec.structs.replace(RECHARTER, quorum=3), QuorumUnreachable, "new quorum unreachable"),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.id)
def test_bodies_refuse_charters_under_which_nothing_could_be_decided(refused: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    refused.check()


def test_every_declared_refusal_of_bodies_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("body", REFUSED) == (set(), set())


def test_a_committee_is_chartered_and_rechartered() -> None:
    """R027: the charter in force is the last one; title and unit stay."""
    there = organisation()
    assert there.do(CHARTER, "COM") == [
        MeetingBodyChartered(
            body="COM",
            title="薪酬考核委员会",
            unit="HX",
            members=("HX-P", "HX-VP", "FIN-1"),
            quorum=2,
            vote_rule="majority",
            competences=("RULEBOOK",),
        )
    ]
    assert there.do(RECHARTER, "COM") == [
        MeetingBodyRechartered(
            members=("HX-P", "HX-VP"), quorum=2, vote_rule="unanimous", competences=()
        )
    ]
    assert there.world.get(BodyState, "COM") == BodyState(
        id="COM",
        title="薪酬考核委员会",
        unit="HX",
        members=("HX-P", "HX-VP"),
        quorum=2,
        vote_rule="unanimous",
        competences=(),
    )
