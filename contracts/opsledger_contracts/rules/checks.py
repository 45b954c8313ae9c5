"""Checks that several sections of a rulebook share; each yields its findings."""

from collections.abc import Iterator, Sequence

from opsledger_contracts.documents.finding import Finding
from opsledger_contracts.documents.section import Section
from opsledger_contracts.rules.numbers import parse_decimal


def bands(
    clause: str, path: str, edges: Sequence[tuple[str | None, str | None]]
) -> Iterator[Finding]:
    """Bands stand from highest to lowest, unbounded at both ends, without gap or overlap."""

    def finding(code: str, where: str, zh: str, en: str) -> Finding:
        return Finding(code=code, path=where, zh=zh, en=en, clause=clause)

    expected: str | None = None
    for place, (lo, hi) in enumerate(edges):
        where = f"{path}[{place}]"
        if place and expected is None:
            yield finding("band_overlap", where, "前一区间已无下限", "the band before is unbounded")
        elif hi is None or expected is None:
            if hi != expected:
                yield finding(
                    "band_top", where, "最高区间须无上限", "only the top band is unbounded"
                )
        elif parse_decimal(hi) < parse_decimal(expected):
            yield finding(
                "band_gap", where, f"{hi} 至 {expected} 无区间", f"gap {hi} to {expected}"
            )
        elif parse_decimal(hi) > parse_decimal(expected):
            yield finding(
                "band_overlap", where, f"{expected} 至 {hi} 重叠", f"overlap {expected} to {hi}"
            )
        if lo is not None and hi is not None and parse_decimal(lo) >= parse_decimal(hi):
            yield finding("band_empty", where, "区间为空", "the band is empty")
        expected = lo
    if expected is not None:
        yield finding("band_bottom", path, "最低区间须无下限", "the lowest band is unbounded below")


def ordered(
    section: Section, path: str, names: Sequence[str], values: Sequence[str]
) -> Iterator[Finding]:
    """Decimal texts that must not descend from one to the next."""
    numbers = [parse_decimal(value) for value in values]
    if numbers != sorted(numbers):
        text = " <= ".join(names)
        yield Finding(code="range", path=path, zh=f"须 {text}", en=text, clause=section.clause)


def unique(section: Section, path: str, names: Sequence[str]) -> Iterator[Finding]:
    """Names of which none may be listed twice."""
    for place, name in enumerate(names):
        if name in names[:place]:
            yield Finding(
                code="repeated",
                path=f"{path}[{place}]",
                zh=f"{name} 重复",
                en=f"{name} is listed twice",
                clause=section.clause,
            )


def known(
    section: Section, path: str, code: str, names: Sequence[str], among: Sequence[str]
) -> Iterator[Finding]:
    """Names that must be among those that the rulebook defines."""
    for name in names:
        if name not in among:
            yield Finding(
                code=code,
                path=path,
                zh=f"{name} 不存在",
                en=f"there is no {name}",
                clause=section.clause,
            )
