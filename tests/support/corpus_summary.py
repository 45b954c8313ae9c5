"""What a test run says at its end about where the golden corpus was replayed."""

from collections.abc import Iterable, Iterator

PROPERTY = "corpus"
"""Under which a test tells of a leg."""


def of_leg(python: str, seed: str, zone: str, locale: str, told: str) -> str:
    """What a test tells of one leg: where, and how many assessments or why none."""
    return f"{python}|{seed}|{zone}|{locale}|{told}"


def lines(properties: Iterable[tuple[str, object]]) -> Iterator[str]:
    """A line for each interpreter, with all that its legs were; nothing where none was told of."""
    legs = sorted({str(value) for name, value in properties if name == PROPERTY})
    found: dict[str, list[list[str]]] = {}
    for leg in legs:
        python, *rest = leg.split("|", 4)
        found.setdefault(python, []).append(rest)
    for python, rows in found.items():
        computed = [row for row in rows if row[-1].isdecimal()]
        if not computed:
            yield f"{python}: NOT TRIED: {rows[0][-1]}"
            continue
        seeds, zones, locales = (
            ", ".join(dict.fromkeys(row[place] for row in computed)) for place in range(3)
        )
        total = sum(int(row[-1]) for row in computed)
        yield (
            f"{python}: {total} assessments in {len(computed)} legs; "
            f"hash seeds {seeds}; time zones {zones}; locales {locales}"
        )
