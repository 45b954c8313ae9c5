"""What a run found: the share of faults that are caught, by module, and what is not caught."""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from support.mutation.judged import Standing, standing
from support.mutation.mutants import Mutant
from support.mutation.results import Result
from support.mutation.target import Target

LEAST: Final = 0.95
"""The share of mutants that the tests must catch."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """The results of the chosen mutants beside the list of judged survivors."""

    found: Sequence[Result]
    judged: Mapping[str, str]
    stands: Standing

    @property
    def survivors(self) -> list[Result]:
        """Those that no test noticed."""
        return [row for row in self.found if row.survived]

    @property
    def caught(self) -> float:
        """The share of all mutants that is caught, judged or not."""
        return 1 - len(self.survivors) / len(self.found)

    @property
    def caught_of_others(self) -> float:
        """The share that is caught of the mutants that are not judged."""
        judged = sum(row.key in self.judged for row in self.survivors)
        return 1 - len(self.stands.unjudged) / (len(self.found) - judged)

    def modules(self) -> dict[str, Counter[str]]:
        """For each module the number of mutants, of survivors, and of judged ones among these."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for row in self.found:
            counts[row.module]["mutants"] += 1
            counts[row.module]["survived"] += row.survived
            counts[row.module]["judged"] += row.survived and row.key in self.judged
        return dict(sorted(counts.items()))

    def passes(self, *, whole: bool) -> bool:
        """Whether enough is caught; a whole run also holds the list to what was found."""
        if not whole:
            return self.caught_of_others >= LEAST
        stands = self.stands
        return self.caught >= LEAST and not (stands.unjudged or stands.killed or stands.gone)

    def as_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "mutants": len(self.found),
            "caught": round(self.caught, 4),
            "caught_of_not_judged": round(self.caught_of_others, 4),
            "outcomes": Counter(row.outcome for row in self.found),
            "modules": self.modules(),
            "survived": [
                {"mutant": row.key, "because": self.judged.get(row.key, "")}
                for row in self.survivors
            ],
            "unjudged": self.stands.unjudged,
            "judged_but_caught": self.stands.killed,
            "judged_but_gone": self.stands.gone,
        }

    def lines(self) -> list[str]:
        """All of it, for people."""
        lines = [
            f"{name:22} {row['mutants']:5} mutants {1 - row['survived'] / row['mutants']:7.1%} "
            f"caught, {row['survived']} survived ({row['judged']} judged)"
            for name, row in self.modules().items()
        ]
        lines.append(
            f"{len(self.found)} mutants: {self.caught:.2%} caught; {self.caught_of_others:.2%} of "
            "those that are not judged"
        )
        for said, keys in (
            ("survived, not judged", self.stands.unjudged),
            ("listed as survivor, but caught", self.stands.killed),
            ("listed as survivor, but no mutant any more", self.stands.gone),
        ):
            lines += [f"{said}: {key}" for key in keys]
        return lines


def report_of(
    target: Target, every: Sequence[Mutant], found: Sequence[Result], judged: Mapping[str, str]
) -> Report:
    """Compare what was found with the list, say so, and write it down in the build folder."""
    survived = {row.key: row.survived for row in found}
    stands = standing(judged, {row.key for row in every}, survived)
    report = Report(found=found, judged=judged, stands=stands)
    content = json.dumps(report.as_json(), ensure_ascii=False, indent=1)
    (target.build / "report.json").write_text(content, encoding="utf-8")
    sys.stdout.write("\n".join([*report.lines(), ""]))
    return report
