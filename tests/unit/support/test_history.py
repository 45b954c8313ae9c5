"""The history checker finds each kind of broken history, and nothing in a sound one."""

import pytest

from support.history import Logged, Request, subscription_violations, violations

SOUND = [
    Request(key="a", events=1, sent=1.0, answered=2.0, positions=(1,)),
    Request(key="b", events=2, sent=3.0, answered=4.0, positions=(2, 3)),
    Request(key="c", events=2, sent=3.5),
]
LOG = [Logged(1, "a"), Logged(2, "b"), Logged(3, "b")]


def test_a_sound_history_has_no_violation() -> None:
    """Acknowledged commands stand at their positions; an unanswered one may be absent."""
    assert violations(SOUND, LOG) == []


def test_an_unanswered_command_may_be_there_whole() -> None:
    """Whether it was recorded is open, but not whether in part."""
    assert violations(SOUND, [*LOG, Logged(4, "c"), Logged(5, "c")]) == []


@pytest.mark.parametrize(
    ("requests", "log", "word"),
    [
        pytest.param(SOUND, LOG[:1], "the log has ()", id="acknowledged and lost"),
        pytest.param(SOUND, [*LOG, Logged(4, "a")], "the log has (1, 4)", id="applied twice"),
        pytest.param(SOUND, [*LOG, Logged(4, "a")], "more than once: (1, 4)", id="twice, counted"),
        pytest.param(SOUND, LOG[:2], "in part: (2,) of 2", id="acknowledged, in part"),
        pytest.param(SOUND, [*LOG, Logged(4, "c")], "in part", id="in part"),
        pytest.param(SOUND, [LOG[0], Logged(3, "b"), Logged(4, "b")], "place 2", id="gap"),
        pytest.param(
            [
                Request(key="a", events=1, sent=1.0, answered=2.0, positions=(2,)),
                Request(key="b", events=1, sent=3.0, answered=4.0, positions=(1,)),
            ],
            [Logged(1, "b"), Logged(2, "a")],
            "stands before it",
            id="real-time order",
        ),
        pytest.param(
            SOUND[2:],
            [Logged(1, "c"), Logged(2, "x"), Logged(3, "c")],
            "not contiguous",
            id="interleaved",
        ),
    ],
)
def test_each_broken_history_is_found(
    requests: list[Request], log: list[Logged], word: str
) -> None:
    """Every planted fault is named."""
    assert any(word in violation for violation in violations(requests, log))


def test_a_sound_subscription_has_no_violation() -> None:
    """Each position comes once, in order, with the content of the log."""
    assert subscription_violations([(1, "x"), (2, "y")], ["x", "y"]) == []


def test_repeats_are_allowed_after_a_resume_only() -> None:
    """At least once means: again only from where the subscriber resumed."""
    received = [(1, "x"), (2, "y"), (2, "y")]
    assert subscription_violations(received, ["x", "y"], resumed_after=[1]) == []
    assert subscription_violations(received, ["x", "y"]) == ["position 2 came after 2"]


@pytest.mark.parametrize(
    ("received", "word"),
    [
        pytest.param([(1, "x"), (3, "z")], "came after 1", id="gap"),
        pytest.param([(1, "x"), (2, "q"), (3, "z")], "another content", id="changed"),
        pytest.param([(1, "x"), (2, "y")], "never came", id="missed"),
        pytest.param([(1, "x"), (2, "y"), (3, "z"), (4, "w")], "not in the log", id="vanished"),
    ],
)
def test_each_broken_subscription_is_found(received: list[tuple[int, str]], word: str) -> None:
    """Every planted fault is named."""
    found = subscription_violations(received, ["x", "y", "z"])
    assert any(word in violation for violation in found)
