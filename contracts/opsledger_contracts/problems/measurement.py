"""Refusals of measurements."""

from opsledger_contracts.problems.refusal import Conflict, Forbidden, Invalid


class NotTheDataOwner(Forbidden):
    """Only the unit that owns an indicator states its figures."""

    code = "not_the_data_owner"
    en = "The figures of indicator {indicator} belong to unit {owner}, not to unit {unit}."
    zh = "指标 {indicator} 的数据归口单元为 {owner},而非 {unit}。"


class OwnFigures(Forbidden):
    """Nobody states or attests the figures by which their own unit is assessed."""

    code = "own_figures"
    en = "Person {person} belongs to the measured unit {subject} and cannot vouch for its figures."
    zh = "人员 {person} 属于被考核单元 {subject},不能为其数据负责。"


class AlreadyMeasured(Conflict):
    """A value for this indicator, unit and period exists; it can be corrected."""

    code = "already_measured"
    en = "Indicator {indicator} of {subject} for {period} is measurement {measurement}; correct it."
    zh = "{subject} 在 {period} 的指标 {indicator} 已有实际值 {measurement},应予更正。"


class MeasureUnitDiffers(Invalid):
    """A value is stated in the unit of measure of its indicator."""

    code = "measure_unit_differs"
    en = "Indicator {indicator} is measured in {expected}, not in {found}."
    zh = "指标 {indicator} 的计量单位为 {expected},而非 {found}。"


class PrecisionExceeded(Invalid):
    """A value has at most the decimal places of its indicator."""

    code = "precision_exceeded"
    en = "The value {value} has more than the {precision} decimal places of indicator {indicator}."
    zh = "数值 {value} 的小数位数超过指标 {indicator} 规定的 {precision} 位。"


class ValueDiffers(Conflict):
    """The value that was attested or is to be replaced is not the one that stands."""

    code = "value_differs"
    en = "Measurement {measurement} stands at {found}, not at {expected}."
    zh = "实际值 {measurement} 当前为 {found},而非 {expected}。"


class NothingCorrected(Invalid):
    """A correction changes the value."""

    code = "nothing_corrected"
    en = "Measurement {measurement} already stands at {value}."
    zh = "实际值 {measurement} 已为 {value}。"


class SelfAttested(Forbidden):
    """The one who stated a value does not attest it."""

    code = "self_attested"
    en = "Person {person} stated this value; another person must attest it."
    zh = "该数值由人员 {person} 填报,须由他人确认。"
