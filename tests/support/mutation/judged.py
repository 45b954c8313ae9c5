"""The survivors that somebody has looked at, each with why no test has to catch it."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How the list of judged survivors stands against what was found.

    `unjudged` survived and are not in the list; `killed` and `gone` are in it and no longer
    belong there.
    """

    unjudged: tuple[str, ...]
    killed: tuple[str, ...]
    gone: tuple[str, ...]


def read(file: Path) -> dict[str, str]:
    """The judgement on each listed mutant; none where there is no list.

    Raises:
        ValueError: a mutant is listed twice, or without a reason.

    """
    judged: dict[str, str] = {}
    if not file.exists():
        return judged
    for group in tomllib.loads(file.read_text(encoding="utf-8")).get("judgement", []):
        for key in group["mutants"]:
            if key in judged or not group["because"].strip():
                raise ValueError(f"listed twice or without a reason: {key}")
            judged[key] = group["because"]
    return judged


def standing(
    judged: Mapping[str, str], every: Collection[str], survived: Mapping[str, bool]
) -> Standing:
    """Compare the list with all mutants there are, and with those of which it is known."""
    return Standing(
        unjudged=tuple(key for key, alive in survived.items() if alive and key not in judged),
        killed=tuple(key for key in judged if not survived.get(key, True)),
        gone=tuple(key for key in judged if key not in every),
    )
