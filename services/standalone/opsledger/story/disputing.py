"""Scenario S2: the score is disputed, replayed, decided, and set right."""

from collections.abc import Iterator
from typing import Any, Final

from opsledger.story.scoring import ASSESSMENT
from opsledger.story.step import Body, Memory, Step

DISPUTE: Final = "DI-BJ-2026"
_PATH: Final = f"disputes/{DISPUTE}"


def filed() -> Iterator[Step]:
    """File the dispute in time and accept it."""
    yield Step(
        at="2027-02-02 10:00",
        by="BJ-GM",
        do=f"{_PATH}/file",
        body={
            "assessment": ASSESSMENT,
            "score_version": 1,
            "contested": [{"element": "item", "name": "N01"}],
            "grounds": ["adjustment_omitted"],
            "statement": "示范区开放的不可抗力顺延五天已获批准,计分时未采用",
        },
        en="滨江公司 disputes the score: the approved adjustment of N01 was omitted",
        zh="滨江公司申诉:已批准的N01顺延未被采用",
    )
    yield Step(
        at="2027-02-04 10:00",
        by="COM-PANEL",
        do=f"{_PATH}/accept",
        body={"handler": "P-XU"},
        en="the dispute is accepted; the handler is not the scorer",
        zh="受理申诉,经办人非原计分人",
    )


def _replay(
    replay: str, at: str, body: Body, en: str, zh: str, verb: str = "request"
) -> Iterator[Step]:
    yield Step(at=at, by="OPS-REPLAY", do=f"replays/{replay}/{verb}", body=body, en=en, zh=zh)
    yield Step(
        at=at,
        by="OPS-REPLAY",
        do=f"{_PATH}/order-replay",
        body={"replay": replay},
        en=f"replay {replay} becomes part of the dispute",
        zh=f"回放 {replay} 纳入申诉",
    )


def replayed() -> Iterator[Step]:
    """Replay: verify, as known now, with the treatment excluded, and the sweep."""
    base = {"assessment": ASSESSMENT, "run": 1, "dispute": DISPUTE}
    yield from _replay(
        "RP-VERIFY",
        "2027-02-12 09:00",
        {**base, "mode": "verify"},
        "the verification replay reproduces 94.37 bit for bit",
        "验证回放逐位一致:94.37",
    )
    yield from _replay(
        "RP-AS-OF",
        "2027-02-12 09:30",
        lambda memory: {**base, "mode": "as_of", "known_at": memory.position()},
        "the as-of replay with revision 2 gives 96.26",
        "按第2版回放:96.26",
    )
    yield from _replay(
        "RP-EXCLUDE",
        "2027-02-12 10:00",
        lambda memory: {
            **base,
            "mode": "counterfactual",
            "known_at": memory.position(),
            "overrides": [{"path": "adjustments.AD-N01.treatment", "value": "exclude"}],
        },
        "the counterfactual with treatment exclude is for information",
        "假设回放(剔除处理)仅供参考",
    )
    yield from _replay(
        "RP-SWEEP",
        "2027-02-12 10:30",
        {"assessment": ASSESSMENT},
        "the sweep finds every score of the period on a superseded revision",
        "排查所有按旧版计分的单位",
        verb="sweep",
    )


def decided() -> Iterator[Step]:
    """Find, hear, decide."""
    yield Step(
        at="2027-02-15 09:00",
        by="OPS-REPLAY",
        do=f"{_PATH}/record-finding",
        body={
            "kind": "adjustment_omitted",
            "detail": "计分绑定责任书第1版,未采用第2版的N01期限2026-06-03",
            "replay": "RP-AS-OF",
            "clause": "6.2",
        },
        en="the finding: an approved adjustment was omitted",
        zh="认定:遗漏已批准的调整",
    )
    yield Step(
        at="2027-02-16 09:00",
        by="COM-PANEL",
        do=f"{_PATH}/hold-hearing",
        body={
            "held_on": "2027-02-16",
            "attendees": ["P-CHEN", "P-XU", "P-WU"],
            "summary": "双方对回放结果无异议",
        },
        en="the parties are heard",
        zh="召开听证",
    )
    yield Step(
        at="2027-02-17 09:00",
        by="COM-PANEL",
        do=f"{_PATH}/decide",
        body={
            "outcome": "upheld",
            "clause": "6.2",
            "remedy": "rescore",
            "replay": "RP-AS-OF",
        },
        en="the panel upholds the dispute and orders a rescore",
        zh="复核小组支持申诉,重新计分",
    )


def reopened() -> Iterator[Step]:
    """Open the assessment again on revision 2."""
    yield Step(
        at="2027-02-18 09:00",
        by="OPS-SCORE",
        do=f"assessments/{ASSESSMENT}/reopen",
        body={
            "cause": "dispute",
            "cause_stream": f"dispute/{DISPUTE}",
            "letter_revision": 2,
            "reason": "申诉决定:按第2版重新计分",
        },
        en="the assessment is reopened on revision 2",
        zh="按第2版重开考核",
    )


def remedied() -> Iterator[Step]:
    """State the remedy, wait out the second instance, finalise and close."""
    yield Step(
        at="2027-03-01 10:00",
        by="OPS-REPLAY",
        do=f"{_PATH}/apply-remedy",
        body=_rescored_run,
        en="the published rescore answers the decision",
        zh="重新计分落实决定",
    )
    yield Step(
        at="2027-03-10 09:00",
        by="OPS-REPLAY",
        do=f"{_PATH}/close",
        en="the dispute is closed",
        zh="申诉结案",
    )
    yield Step(
        at="2027-03-10 10:00",
        by="OPS-SCORE",
        do=f"assessments/{ASSESSMENT}/finalise",
        en="the limit has passed: the score is final",
        zh="申诉期满,得分最终确定",
    )


def _rescored_run(memory: Memory) -> dict[str, Any]:
    return {"run": memory.data(f"assessment/{ASSESSMENT}", "assessment.rescored.v1")["run"]}
