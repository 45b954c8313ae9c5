"""An approval case of the story: every step that the authority matrix asks for, by its people."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from opsledger.story.cast import LATER_ROLES, ROLES, Role
from opsledger.story.documents import document
from opsledger.story.step import Memory, Step

MATRIX: Final = "matrix-AM-2026.1"
_CAST: Final = (*ROLES, *LATER_ROLES)
_ACTS: Final = {
    "review": ("reviews", "审核"),
    "participate": ("gives an opinion", "参与意见"),
    "approve": ("approves", "审批"),
    "ratify": ("ratifies", "核准"),
}


def approval(
    *,
    case: str,
    subject: str,
    subject_hash: Callable[[Memory], str],
    item: str,
    initiator: str,
    days: tuple[str, ...],
    responsible_unit: str | None = None,
) -> Iterator[Step]:
    """Yield a case from its opening to its archive.

    `days` are the days of the opening and of each following place of the chain; further places happen
    on the last day, an hour later each.
    """
    path = f"cases/{case}"
    scope = {} if responsible_unit is None else {"responsible_unit": responsible_unit}
    yield Step(
        at=f"{days[0]} 10:00",
        by=initiator,
        do=f"{path}/open",
        body=lambda memory: {
            "subject": subject,
            "subject_hash": subject_hash(memory),
            "item": item,
            **scope,
        },
        en=f"case {case} is opened on {subject}",
        zh=f"就 {subject} 发起审批 {case}",
    )
    acted = {initiator}
    place = 0
    chain = _chain(item)
    heads_of = responsible_unit or _role(initiator).unit
    for seq in sorted({step["seq"] for step in chain if step["verb"] in _ACTS}):
        place += 1
        day = days[min(place, len(days) - 1)]
        hour = 10 + max(0, place - len(days) + 1)
        due = [step for step in chain if step["seq"] == seq and step["verb"] in _ACTS]
        # A unit has one head, a function several positions: heads are settled first.
        for step in sorted(due, key=lambda step: "function" in step["position"]):
            position = _taker(step, heads_of, acted)
            if position is None:
                continue
            acted.add(position)
            yield _act(path, step, position, f"{day} {hour:02d}:30", subject_hash)
    yield from _closing(path, chain, initiator, days[-1])


def _act(
    path: str, step: dict[str, Any], position: str, at: str, subject_hash: Callable[[Memory], str]
) -> Step:
    seq, verb = step["seq"], step["verb"]
    en, zh = _ACTS[verb]

    def body(memory: Memory) -> dict[str, Any]:
        if verb == "participate":
            return {"seq": seq, "opinion": "无异议"}
        told = {"seq": seq, "subject_hash": subject_hash(memory)}
        return told | ({"opinion": "agree"} if verb == "review" else {})

    title = _role(position).title
    return Step(
        at=at, by=position, do=f"{path}/{verb}", body=body, en=f"{position} {en}", zh=f"{title}{zh}"
    )


def _closing(path: str, chain: list[dict[str, Any]], initiator: str, day: str) -> Iterator[Step]:
    for step in chain:
        if step["verb"] == "file":
            recipient = _taker(step, "", set())
            assert recipient is not None, path
            yield Step(
                at=f"{day} 16:00",
                by="OPS-HEAD",
                do=f"{path}/file",
                body={"recipient": recipient},
                en=f"the decision is filed with {recipient}",
                zh=f"报{_role(recipient).title}备案",
            )
    yield Step(
        at=f"{day} 16:10",
        by="OPS-HEAD",
        do=f"{path}/feed-back",
        body={"to": initiator, "result": "已批准"},
        en=f"the outcome is fed back to {initiator}",
        zh="结果反馈发起人",
    )
    yield Step(
        at=f"{day} 16:20",
        by="OPS-HEAD",
        do=f"{path}/archive",
        en="the case is archived",
        zh="审批归档",
    )


def _chain(item: str) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = next(
        found["steps"] for found in document(MATRIX)["items"] if found["item"] == item
    )
    return steps


def _role(position: str) -> Role:
    return next(role for role in _CAST if role.position == position)


def _taker(step: dict[str, Any], unit: str, acted: set[str]) -> str | None:
    """Choose who takes a step: the first position that fits and has not acted on the case yet."""
    rule = step["position"]
    scope = "writer" if step["verb"] in {"participate", "file"} else "approver"
    for role in _CAST:
        fits = (
            role.head and role.unit == unit
            if "head_of" in rule
            else rule["function"] in role.functions
        )
        if fits and scope in role.scopes and role.position not in acted:
            return role.position
    return None
