"""Indicators: defined with unit of measure, formula, source and an owner of the figures (R187)."""

from typing import Any

import msgspec
import pytest

from opsledger_contracts.events.indicator import IndicatorDefined, IndicatorRevised
from opsledger_contracts.problems.general import UnknownReference
from opsledger_ledger.domain.indicator import DefineIndicator, IndicatorState, ReviseIndicator
from support.deciding import Refused, undeclared_and_untested
from support.organisation import organisation

TERMS: dict[str, Any] = {
    "title": "回款额",
    "unit": "万元",
    "direction": "higher_better",
    "formula": "当期到账金额",
    "source": "资金系统",
    "owner": "FIN",
    "frequency": "annual",
    "precision": 2,
    "category": "capital",
}
OPS = {"person": "ops-head"}


def test_an_indicator_is_defined_and_found_as_defined() -> None:
    """R187: who computes what, from what, how precisely."""
    there = organisation()
    assert there.do(DefineIndicator(**TERMS), "I02", **OPS) == [
        IndicatorDefined(indicator="I02", **TERMS)
    ]
    assert there.world.get(IndicatorState, "I02") == IndicatorState(id="I02", **TERMS)


def test_a_revision_replaces_the_definition_as_a_whole() -> None:
    """A field that the revision leaves out is gone, not kept."""
    there = organisation().given("indicator/I02", IndicatorDefined(indicator="I02", **TERMS))
    terms = {**TERMS, "precision": 0, "category": None}
    assert there.do(ReviseIndicator(**terms), "I02", **OPS) == [IndicatorRevised(**terms)]
    assert there.world.get(IndicatorState, "I02") == IndicatorState(id="I02", **terms)


@pytest.mark.parametrize("missing", ["owner", "source"])
def test_an_indicator_without_owner_or_source_is_not_even_a_command(missing: str) -> None:
    """R187: both are required, and a source is not empty."""
    body = {name: value for name, value in TERMS.items() if name != missing}
    with pytest.raises(msgspec.ValidationError, match=missing):
        msgspec.convert(body, DefineIndicator)
    with pytest.raises(msgspec.ValidationError, match=missing):
        msgspec.convert({**TERMS, missing: ""}, DefineIndicator)


REFUSED = [
    Refused(
        id="owner unknown",
        stage=organisation(),
        command=DefineIndicator(**{**TERMS, "owner": "NO"}),
        target="I02",
        refusal=UnknownReference,
        act=OPS,
    ),
    Refused(
        id="new owner unknown",
        stage=organisation().given("indicator/I02", IndicatorDefined(indicator="I02", **TERMS)),
        command=ReviseIndicator(**{**TERMS, "owner": "NO"}),
        target="I02",
        refusal=UnknownReference,
        act=OPS,
    ),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.id)
def test_indicators_refuse_figures_that_belong_to_nobody(row: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    row.check()


def test_every_declared_refusal_of_indicators_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("indicator", REFUSED) == (set(), set())
