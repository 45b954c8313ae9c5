"""Properties of canonical JSON: it is that of RFC 8785 on everything an entry may hold."""

import random
from typing import Any

import msgspec
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from opsledger_contracts.canonical import canonical, digest
from support.event_strategies import CHARACTERS, SAFE_INTEGER

TEXTS = st.text(CHARACTERS)
KEYS = st.text(st.characters(max_codepoint=127))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE_INTEGER, SAFE_INTEGER) | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=30,
)


@given(VALUES)
@example({"\x7f": '\x00\x08\x09\x0a\x0c\x0d\x1f"\\/\u2028\u2029\ufeff\U0001f600', "": SAFE_INTEGER})
@example([-SAFE_INTEGER, -0, {"b": {}, "a": [], "A": None, "aa": True, "a\x00": False}])
def test_canonical_is_rfc_8785(value: Any) -> None:
    """Control characters, characters beyond the BMP, the largest integers, nested in any way."""
    assert canonical(value) == rfc8785.dumps(value)


def test_every_single_character_is_written_as_rfc_8785_writes_it() -> None:
    """All 1,112,064 of them, so that no escape differs anywhere."""
    for start in range(0, 0x110000, 0x800):
        if start != 0xD800:
            text = "".join(map(chr, range(start, start + 0x800)))
            assert canonical(text) == rfc8785.dumps(text)


@given(VALUES)
def test_canonical_is_read_back_the_same(value: Any) -> None:
    """Reading and writing again changes no byte."""
    written = canonical(value)
    assert msgspec.json.decode(written) == value
    assert canonical(msgspec.json.decode(written)) == written


@given(st.dictionaries(KEYS, VALUES, min_size=2), st.randoms(use_true_random=False))
def test_the_order_in_which_members_were_set_does_not_matter(
    value: dict[str, Any], order: random.Random
) -> None:
    """A digest is of what is said, not of how the object came to be."""
    members = list(value.items())
    order.shuffle(members)
    assert digest(dict(members)) == digest(value)
