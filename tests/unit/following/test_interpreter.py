"""Settings of the interpreter that hold for a block only."""

import gc
import sys

import pytest

from opsledger_projections.following.interpreter import (
    SWITCH_S,
    collector_paused,
    switching_often,
)


def test_collector_is_paused_for_the_outermost_block() -> None:
    """The collector runs again when the block ends, and not when one inside of it does."""
    assert gc.isenabled()
    with collector_paused():
        with collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


@pytest.mark.parametrize("before_s", [2 * SWITCH_S, SWITCH_S / 2])
def test_threads_switch_often_for_the_block(before_s: float) -> None:
    """Threads switch at least as often as is asked for, and afterwards as they did."""
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(before_s)
    try:
        with switching_often():
            assert sys.getswitchinterval() == pytest.approx(min(before_s, SWITCH_S))
        assert sys.getswitchinterval() == pytest.approx(before_s)
    finally:
        sys.setswitchinterval(usual_s)
