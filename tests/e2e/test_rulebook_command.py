"""`opsledger rulebook`: what a person writes is read exactly, checked, compared and converted."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from opsledger.cli import app
from opsledger_contracts.canonical import canonical, digest
from opsledger_contracts.documents.rulebook import Rulebook
from support.source import ROOT

DOCUMENTS = ROOT / "contracts" / "examples" / "documents"
GUIDE = ROOT / "docs" / "guides" / "rulebooks.md"
F5 = (DOCUMENTS / "rulebook-F5-2026.1.yaml").read_text("utf-8")
CALENDAR = ("--calendar", str(DOCUMENTS / "calendar-CN-2026.1.json"))


def asked(*words: str | Path) -> Result:
    """The answer of `opsledger rulebook` to words."""
    return CliRunner().invoke(app, ["rulebook", *(str(word) for word in words)])


def written(folder: Path, text: str, name: str = "scheme.yaml") -> Path:
    """A file with this text."""
    file = folder / name
    file.write_text(text, "utf-8")
    return file


def changed(old: str, new: str) -> str:
    """The example F5 with one place changed."""
    assert old in F5
    return F5.replace(old, new, 1)


def complaints(result: Result) -> list[tuple[str, int, int, str]]:
    """What a refused document was told with `--json`: check, line, column, pointer."""
    assert result.exit_code == 1, result.output
    return [
        (row["check"], row["line"], row["column"], row["pointer"])
        for row in json.loads(result.stdout)["findings"]
    ]


@pytest.mark.parametrize("name", ["F1-2026.1", "F5-2026.1"])
def test_yaml_and_json_are_the_same_rulebook(name: str) -> None:
    """The identity of a document is that of its canonical JSON, however it is written."""
    yaml, canon = (DOCUMENTS / f"rulebook-{name}.{ending}" for ending in ("yaml", "json"))
    assert asked("hash", yaml).stdout == asked("hash", canon).stdout
    document = msgspec.json.decode(canon.read_bytes(), type=Rulebook)
    expected = canonical(document) + b"\n"
    assert asked("convert", yaml).stdout_bytes == expected
    assert asked("convert", canon).stdout_bytes == expected
    assert asked("diff", yaml, canon).exit_code == 0


@pytest.mark.parametrize("name", ["RB-2026.1", "RB-2026.2"])
def test_a_json_rulebook_converts_to_itself(name: str) -> None:
    """Reading and writing lose nothing: not a digit, not a section, not a null."""
    file = DOCUMENTS / f"rulebook-{name}.json"
    document = msgspec.json.decode(file.read_bytes(), type=Rulebook)
    assert asked("convert", file).stdout_bytes == canonical(document) + b"\n"
    laid_out = asked("convert", file, "--json").stdout
    assert msgspec.json.decode(laid_out, type=Rulebook) == document
    told = json.loads(asked("hash", file, "--json").stdout)
    assert told == {
        "rulebook": name,
        "content_hash": digest(document),
    }


def test_decimals_stay_the_text_that_was_written(tmp_path: Path) -> None:
    """SR-24: 0.07 and 10.50 in YAML are neither binary floats nor shortened."""
    text = changed("points_min: 5, points_max: 5", "points_min: 0.07, points_max: 10.50")
    answer = asked("convert", written(tmp_path, text), "--json")
    row = json.loads(answer.stdout)["clauses"][4]["params"]["categories"][3]
    assert (row["points_min"], row["points_max"]) == ("0.07", "10.50")


def test_units_behind_numbers_are_checked_and_kept(tmp_path: Path) -> None:
    """Units on every number: points are points, three per cent is the ratio 0.03."""
    rules = """  rule: step@1
  params: {base: 100 分, step: 3 %, mode: whole_step, points_up: 5 分, points_down: 5 points,
    cap_up: 20 分, cap_down: 40 分}
  item_params: [target]
"""
    start = F5.index("  rule: band@1")
    end = F5.index("  full: 50")
    file = written(tmp_path, F5[:start] + rules + F5[end:])
    clause = json.loads(asked("convert", file, "--json").stdout)["clauses"][5]
    assert clause["params"]["step"] == "0.03"
    assert clause["units"] == {
        "base": "points",
        "step": "ratio",
        "points_up": "points",
        "points_down": "points",
        "cap_up": "points",
        "cap_down": "points",
    }
    wrong = written(tmp_path, file.read_text("utf-8").replace("step: 3 %", "step: 3 分"))
    found = json.loads(asked("lint", wrong, "--json").stdout)["findings"]
    (mismatch,) = (row for row in found if row["check"] == "RB-UNIT-MISMATCH")
    assert (mismatch["pointer"], mismatch["line"]) == ("/clauses/5/units/step", 62)


VETO = """veto:
  clause: 4.1
  rule: veto@1
  clauses:
  - {clause: 4.1, category: safety, severity: fatal, effects: [EFFECT]}
"""
VETO_LINE = F5.count("\n") + 5
EFFECT = "/veto/clauses/0/effects/0"

REFUSED: list[tuple[str, str, tuple[str, int, int, str]]] = [
    (
        "a key twice",
        changed("version: 1", "version: 1\nversion: 2"),
        ("RB-DUPLICATE-KEY", 5, 1, "/version"),
    ),
    ("an anchor", changed("version: 1", "version: &a 1"), ("anchor", 4, 10, "/version")),
    ("an alias", changed("version: 1", "version: *a"), ("anchor", 4, 10, "/version")),
    ("a tag", changed("version: 1", "version: !!int 1"), ("tag", 4, 10, "/version")),
    ("a merge key", changed("version: 1", "<<: {version: 1}"), ("key_not_text", 4, 1, "")),
    ("a list as key", changed("version: 1", "? [a]\n: 1"), ("key_not_text", 4, 3, "")),
    ("not YAML", changed("version: 1", "version: [1"), ("not_yaml", 5, 9, "")),
    ("a control character", changed("version: 1", "version: \x07"), ("not_text", 1, 1, "")),
    ("two documents", F5 + "---\na: 1\n", ("several_documents", F5.count("\n") + 1, 1, "")),
    ("nothing", "", ("empty", 1, 1, "")),
    ("a list", "[]", ("value", 1, 1, "")),
    ("a word", "rulebook", ("value", 1, 1, "")),
    ("not JSON", '{"a": 1,}', ("not_json", 1, 9, "")),
    ("JSON with a key twice", '{"a": 1,\n\t"a": 2}', ("RB-DUPLICATE-KEY", 2, 2, "/a")),
    ("too deep", "[" * 40 + "]" * 40, ("too_deep", 1, 34, "/0" * 33)),
    ("far too deep", "[" * 100_000 + "]" * 100_000, ("too_deep", 1, 1, "")),
    ("too large", "# " + "x" * 4_200_000, ("too_large", 1, 1, "")),
    ("a count with a point", changed("version: 1", "version: 1.5"), ("value", 4, 10, "/version")),
    ("a count below its limit", changed("version: 1", "version: 0"), ("value", 4, 10, "/version")),
    ("no day", changed("2026-01-01", "2026-02-30"), ("value", 7, 17, "/effective_from")),
    (
        "an unknown choice",
        changed("same_occurrence: sum", "same_occurrence: add"),
        ("value", 47, 22, "/clauses/4/params/same_occurrence"),
    ),
    (
        "not a decimal",
        changed("base: 10", "base: ten"),
        ("value", 45, 11, "/clauses/4/params/base"),
    ),
    (
        "an exponent",
        changed("base: 10", "base: 1e1"),
        ("RB-UNIT-UNKNOWN", 45, 11, "/clauses/4/params/base"),
    ),
    (
        "not true or false",
        changed("cumulative: false", "cumulative: no"),
        ("value", 0, 15, "/distribution/cumulative"),
    ),
    (
        "an unknown unit",
        changed("base: 10", "base: 10 furlongs"),
        ("RB-UNIT-UNKNOWN", 45, 11, "/clauses/4/params/base"),
    ),
    (
        "units that clash",
        changed("points_min: 2, points_max: 2", "points_min: 2 分, points_max: 2").replace(
            "points_min: 5,", "points_min: 5 天,", 1
        ),
        ("RB-UNIT-MISMATCH", 52, 44, "/clauses/4/params/categories/3/points_min"),
    ),
    (
        "an unknown field",
        changed("version: 1", "version: 1\nvolume: 2"),
        ("field_unknown", 5, 1, "/volume"),
    ),
    ("a missing field", changed("version: 1\n", ""), ("field_missing", 3, 1, "/version")),
    (
        "a missing gloss",
        changed("  en: Monthly plan letters of departments.\n", ""),
        ("field_missing", 11, 3, "/clauses/0/en"),
    ),
    (
        "a text that is null",
        changed("zh: 适用于部门月度计划责任书。", "zh:"),
        ("value", 14, 6, "/clauses/0/zh"),
    ),
    (
        "a name with a blank",
        changed("rulebook: F5-2026", "rulebook: F5 2026"),
        ("value", 3, 11, "/rulebook"),
    ),
    (
        "rows that are none",
        changed("freeze_periods: []", "freeze_periods: none"),
        ("value", 9, 17, "/freeze_periods"),
    ),
    (
        "too few rows",
        changed("unit_types: [department]", "unit_types: []"),
        ("value", 8, 34, "/scope/unit_types"),
    ),
    (
        "fields that are none",
        changed(
            "scope: {clause: 1.1, unit_types: [department], letter_kinds: [monthly]}", "scope: 1.1"
        ),
        ("value", 8, 8, "/scope"),
    ),
    (
        "parameters that are none",
        changed("params:\n    base: 10", "params: 7\n  paras:\n    base: 10"),
        ("value", 44, 11, "/clauses/4/params"),
    ),
    (
        "a value that is a list",
        changed("base: 10", "base: [10]"),
        ("value", 45, 11, "/clauses/4/params/base"),
    ),
]


REFUSED += [
    (
        "an effect of no kind",
        F5 + VETO.replace("EFFECT", "{effect: exile}"),
        ("value", VETO_LINE, 64, f"{EFFECT}/effect"),
    ),
    (
        "an effect without fields",
        F5 + VETO.replace("EFFECT", "exile"),
        ("value", VETO_LINE, 64, EFFECT),
    ),
    (
        "a parameter of an unknown rule in no form",
        changed("deduct_count@2", "deduct@1").replace("base: 10", "base: {a: 1}", 1),
        ("value", 45, 11, "/clauses/4/params/base"),
    ),
    (
        "units that are none",
        changed("  full: 10", "  units: none\n  full: 10"),
        ("value", 54, 10, "/clauses/4/units"),
    ),
]


@pytest.mark.parametrize(
    ("text", "expected"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_is_no_rulebook_is_refused_with_its_place(
    tmp_path: Path, text: str, expected: tuple[str, int, int, str]
) -> None:
    """Line, column and JSON Pointer say where; nothing is guessed and nothing crashes."""
    found = complaints(asked("convert", written(tmp_path, text), "--json"))
    check, line, column, pointer = expected
    if line == 0:
        line = text[: text.index("cumulative: no")].count("\n") + 1
    assert (check, line, column, pointer) in found


def test_every_complaint_is_listed_not_only_the_first(tmp_path: Path) -> None:
    """Who writes a document learns all that is wrong with its form at once, in both languages."""
    text = changed("version: 1", "version: x").replace("2026-01-01", "soon", 1)
    file = written(tmp_path, text)
    assert len(complaints(asked("lint", file, "--json"))) == 2
    english, chinese = asked("lint", file), asked("lint", file, "--lang", "zh")
    assert f"{file}:4:10: error value /version: expected a whole number" in english.stderr
    assert "应为日期（2026-06-30），实为 soon" in chinese.stderr
    bad_calendar = asked("lint", DOCUMENTS / "rulebook-F5-2026.1.yaml", "--calendar", file)
    assert bad_calendar.exit_code == 1
    assert "field_unknown" in bad_calendar.stderr


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    """Guessing an encoding would change Chinese text silently."""
    file = tmp_path / "scheme.yaml"
    file.write_bytes("rulebook: 考核".encode("gb18030"))
    assert complaints(asked("hash", file, "--json")) == [("not_utf8", 1, 1, "")]


UNKNOWN: list[tuple[str, str, str, str]] = [
    (
        "rule",
        changed("deduct_count@2", "deduct@2").replace("base: 10", "base: true", 1),
        "RB-UNKNOWN-PRIMITIVE",
        "/clauses/4/rule",
    ),
    (
        "version",
        changed("deduct_count@2", "deduct_count@9"),
        "RB-UNKNOWN-PRIMITIVE",
        "/clauses/4/rule",
    ),
    (
        "clause",
        changed("scope: {clause: 1.1", "scope: {clause: 1.9"),
        "RB-UNKNOWN-CLAUSE",
        "/scope/clause",
    ),
    (
        "unit",
        changed("  full: 10", "  full: 10\n  units: {base: furlong}"),
        "RB-UNIT-UNKNOWN",
        "/clauses/4/units/base",
    ),
    (
        "indicator",
        changed("  full: 10", "  full: 10\n  indicator: RATE"),
        "RB-INDICATOR-UNKNOWN",
        "/clauses/4/indicator",
    ),
]


@pytest.mark.parametrize(
    ("text", "check", "pointer"), [row[1:] for row in UNKNOWN], ids=[row[0] for row in UNKNOWN]
)
def test_a_name_that_leads_nowhere_is_refused_with_its_place(
    tmp_path: Path, text: str, check: str, pointer: str
) -> None:
    """Unknown rule, version, clause, unit or indicator: not converted, and told where."""
    file = written(tmp_path, text)
    answer = asked("convert", file, "--json")
    assert answer.exit_code == 1
    assert (check, pointer) in {
        (row["check"], row["pointer"]) for row in json.loads(answer.stdout)["findings"]
    }
    told = asked("hash", file)
    assert (told.exit_code, told.stdout) == (1, "")
    assert f"error {check}" in told.stderr


def test_findings_stand_at_the_line_they_are_about() -> None:
    """SR-29 on a published document: severity, clause, figures, line and pointer."""
    answer = asked("lint", DOCUMENTS / "rulebook-RB-2026.2.json", *CALENDAR, "--json")
    assert answer.exit_code == 1
    report: dict[str, Any] = json.loads(answer.stdout)
    assert (report["rulebook"], report["errors"], report["warnings"]) == ("RB-2026.2", 0, 2)
    jump = next(row for row in report["findings"] if row["clause"] == "3.8")
    lines = (DOCUMENTS / "rulebook-RB-2026.2.json").read_text("utf-8").splitlines()
    assert jump["pointer"] == "/clauses/12/params/levels/2"
    assert '"level": "3"' in lines[jump["line"]]
    assert jump["facts"] == {"at": "31", "before": "47", "after": "0"}


def test_nothing_but_infos_is_well(tmp_path: Path) -> None:
    """An info stands against nothing: exit status 0, and the count in either language."""
    text = changed("params:\n    base: 10", "params:\n    base: 10")
    start, end = text.index("- clause: 3.3"), text.index("- clause: 4.1")
    file = written(tmp_path, text[:start] + text[end:])
    answer = asked("lint", file, *CALENDAR, "--lang", "zh")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.splitlines()[-1] == "错误 0，警告 0，提示 2"


def test_a_version_is_checked_against_the_one_before(tmp_path: Path) -> None:
    """R121: inside the frozen period of the version before nothing takes effect."""
    before = DOCUMENTS / "rulebook-RB-2026.1.json"
    text = (DOCUMENTS / "rulebook-RB-2026.2.json").read_text("utf-8")
    file = written(tmp_path, text.replace("2026-02-01", "2026-12-20", 1), "next.json")
    answer = asked("lint", file, "--before", before, *CALENDAR)
    assert "error RB-FROZEN-CHANGE §1.2 /effective_from" in answer.stdout


def test_versions_are_compared_clause_by_clause(tmp_path: Path) -> None:
    """Added, removed and changed clauses with old and new words, in both languages."""
    one, two = (DOCUMENTS / f"rulebook-RB-2026.{number}.json" for number in (1, 2))
    answer = asked("diff", one, two, "--json")
    assert answer.exit_code == 1
    told = json.loads(answer.stdout)
    what = {row["clause"]: row["what"] for row in told["clauses"]}
    assert (what["1.4"], what["3.9"]) == ("changed", "added")
    assert {"field": "version", "old": 1, "new": 2} in told["document"]
    back = asked("diff", two, one, "--lang", "zh")
    assert "3.9 是否达成" in back.stdout or "3.9 " in back.stdout
    assert ": removed" in back.stdout
    section = written(tmp_path, changed("trim_each_end: 1", "trim_each_end: 0"))
    told = json.loads(
        asked("diff", DOCUMENTS / "rulebook-F5-2026.1.yaml", section, "--json").stdout
    )
    assert told["document"] == []
    (row,) = told["clauses"]
    assert row["changes"] == [{"field": "satisfaction.trim_each_end", "old": 1, "new": 0}]


def test_rows_are_compared_under_their_clause(tmp_path: Path) -> None:
    """A freeze period or a duty stands under its clause like any other section."""
    one = DOCUMENTS / "rulebook-RB-2026.2.json"
    text = one.read_text("utf-8").replace('"to": "2027-01-31"', '"to": "2027-02-10"')
    told = json.loads(asked("diff", one, written(tmp_path, text), "--json").stdout)
    (row,) = told["clauses"]
    assert (row["clause"], row["what"]) == ("1.2", "changed")
    assert row["changes"] == [
        {"field": "freeze_periods[2026-12-16].to", "old": "2027-01-31", "new": "2027-02-10"}
    ]


def test_a_wrong_question_has_its_own_status() -> None:
    """Exit status 2: no such file, no such command; every command's help ends with an example."""
    assert asked("lint", "no-such-file.yaml").exit_code == 2
    assert asked("polish").exit_code == 2
    for command in ("lint", "diff", "hash", "convert"):
        assert f"Example: opsledger rulebook {command}" in asked(command, "--help").stdout


def _blocks() -> list[str]:
    return re.findall(r"```console\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)


def _typed_and_shown(block: str) -> tuple[str, list[str]]:
    """What is typed in a block of the guide, and what is shown."""
    typed = [line[2:] for line in block.splitlines() if line.startswith(("$ ", "> "))]
    shown = [line for line in block.splitlines() if not line.startswith(("$ ", "> "))]
    return "\n".join(typed) + "\n", shown


def test_the_guide_has_commands() -> None:
    """The test below has something to run."""
    assert len(_blocks()) >= 6


def _uncounted() -> dict[str, str]:
    """The environment without what would count coverage in the started programs and print about it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


@pytest.mark.parametrize("block", _blocks(), ids=range(len(_blocks())))
def test_every_command_of_the_guide_does_what_it_shows(tmp_path: Path, block: str) -> None:
    """Typed as written, each block of the guide prints what stands below it."""
    (tmp_path / "contracts").symlink_to(ROOT / "contracts")
    script, shown = _typed_and_shown(block)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**_uncounted(), "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    pattern = "".join(
        r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"\n"
        for line in shown
    )
    assert re.fullmatch(pattern, ran.stdout), ran.stdout
