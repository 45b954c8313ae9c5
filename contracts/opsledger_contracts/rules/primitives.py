"""The one registry of item rules, and how an item is scored by its clause.

A primitive in this table never changes: `contracts/vectors/scores/` holds golden vectors and a
fingerprint of its parameters and behaviour for each, and a test compares. To extend, add a name.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from opsledger_contracts.documents.rulebook import Clause
from opsledger_contracts.rules.deductions import DEDUCT_COUNT_1, LATENESS_1
from opsledger_contracts.rules.discipline import COEFFICIENT_LATENESS_1, DEDUCT_COUNT_2
from opsledger_contracts.rules.errors import (
    FactKindMismatch,
    InvalidParameter,
    MissingFact,
    MissingParameter,
    OutsideBands,
    UnexpectedParameter,
    UnknownPrimitive,
)
from opsledger_contracts.rules.inputs import CompletionFact, Fact, ItemInput
from opsledger_contracts.rules.judgements import BINARY_1, SCALE_1
from opsledger_contracts.rules.measures import (
    BAND_1,
    INVERSE_RATIO_1,
    INVERSE_STEP_1,
    PIECEWISE_LINEAR_1,
    PROPORTIONAL_1,
    STEP_1,
)
from opsledger_contracts.rules.primitive import Parameters, Primitive, RuleViolation, Working
from opsledger_contracts.rules.targets import (
    BASELINE_DEPENDENT_CAP_1,
    NEGATIVE_TARGET_1,
    PROPORTIONAL_2,
    STEPPED_START_1,
)

PRIMITIVES: Final[Mapping[str, Primitive[Any, Any]]] = MappingProxyType(
    {
        primitive.name: primitive
        for primitive in (
            PROPORTIONAL_1,
            PIECEWISE_LINEAR_1,
            STEP_1,
            BAND_1,
            DEDUCT_COUNT_1,
            INVERSE_RATIO_1,
            INVERSE_STEP_1,
            LATENESS_1,
            PROPORTIONAL_2,
            BASELINE_DEPENDENT_CAP_1,
            NEGATIVE_TARGET_1,
            STEPPED_START_1,
            BINARY_1,
            SCALE_1,
            DEDUCT_COUNT_2,
            COEFFICIENT_LATENESS_1,
        )
    }
)


def primitive_of(clause: Clause) -> Primitive[Any, Any]:
    """The primitive that a clause names.

    Raises:
        UnknownPrimitive: the clause scores no items, or names what the engine does not have.

    """
    if clause.rule is None or clause.rule not in PRIMITIVES:
        raise UnknownPrimitive(clause=clause.clause, rule=str(clause.rule))
    return PRIMITIVES[clause.rule]


def parameter_names(primitive: Primitive[Any, Any]) -> tuple[str, ...]:
    """The declared parameters in order of declaration."""
    names: tuple[str, ...] = primitive.parameters.__struct_fields__
    return names


def parameters_of(clause: Clause, item: str, given: Mapping[str, str]) -> Parameters:
    """The typed parameters of a clause together with those its item brings.

    Raises:
        UnexpectedParameter: the item sets what the clause does not leave to it.
        MissingParameter: a declared parameter is given by neither.
        InvalidParameter: a parameter does not have its declared shape.
        UnknownPrimitive: as `primitive_of`.

    """
    primitive = primitive_of(clause)
    for name in given:
        if name not in clause.item_params:
            raise UnexpectedParameter(item=item, parameter=name, clause=clause.clause)
    values: dict[str, object] = {**clause.params, **given}
    for name in parameter_names(primitive):
        if name not in values:
            raise MissingParameter(item=item, parameter=name, clause=clause.clause)
    try:
        parameters: Parameters = msgspec.convert(values, primitive.parameters)
    except msgspec.ValidationError as error:
        raise InvalidParameter(item=item, clause=clause.clause, detail=str(error)) from error
    return parameters


def fact_kind(fact: type[Fact]) -> str:
    """The kind of a fact as written in inputs: value, completion, judgement or occurrences."""
    return str(fact.__struct_config__.tag)


def score_item(item: ItemInput, clause: Clause) -> Working:
    """The exact score of one item under its clause.

    Raises:
        MissingFact: nothing is recorded for the item.
        FactKindMismatch: the recorded fact is of a kind that the primitive does not score.
        OutsideBands: no band holds the value.
        InvalidParameter: parameters or fact are impossible for the primitive.
        UnexpectedParameter, MissingParameter, UnknownPrimitive: as `parameters_of`.

    """
    primitive = primitive_of(clause)
    parameters = parameters_of(clause, item.item, item.params)
    if item.fact is None:
        raise MissingFact(item=item.item, clause=clause.clause)
    if not isinstance(item.fact, (primitive.fact, *primitive.also)):
        raise FactKindMismatch(
            item=item.item,
            clause=clause.clause,
            expected=fact_kind(primitive.fact),
            found=fact_kind(type(item.fact)),
        )
    if isinstance(item.fact, CompletionFact) and not primitive.reads_quality:
        quality = {item.fact.quality, item.fact.quality_points, item.fact.quality_reason}
        if quality != {msgspec.UNSET}:
            raise InvalidParameter(
                item=item.item, clause=clause.clause, detail=f"{primitive.name} reads no quality"
            )
    try:
        return primitive.compute(parameters, item.fact)
    except RuleViolation as error:
        if error.outside is not None:
            raise OutsideBands(item=item.item, value=error.outside, clause=clause.clause) from error
        raise InvalidParameter(item=item.item, clause=clause.clause, detail=str(error)) from error
