"""Settings of the interpreter that hold for a block only."""

import gc
import sys
from contextlib import ExitStack

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


def test_a_setting_holds_to_the_end_of_the_last_block() -> None:
    """Blocks of two threads that overlap put back what was before the first of them."""
    usual_s = sys.getswitchinterval()
    first, second = ExitStack(), ExitStack()
    for block in (first, second):
        block.enter_context(switching_often())
        block.enter_context(collector_paused())
    first.close()
    assert not gc.isenabled()
    assert sys.getswitchinterval() == pytest.approx(min(usual_s, SWITCH_S))
    second.close()
    assert gc.isenabled()
    assert sys.getswitchinterval() == pytest.approx(usual_s)
