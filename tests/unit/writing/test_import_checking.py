"""The check of an import file: what is wrong is told by line, field and code; the rest is counted."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from opsledger.examples.recording import story_recorded, veto_recorded
from opsledger_contracts.documents.import_file import LINE_BYTES_MAX, ControlTotal, TypeCount
from opsledger_ledger.writing import import_checking
from opsledger_ledger.writing.import_checking import FINDINGS_MAX, checked
from support.import_files import (
    LATER,
    importable,
    line,
    manifest_of,
    unit_fields,
    unit_lines,
    written,
)

FIELDS = unit_fields("U1")
GOOD = line(**FIELDS)


def changed(**fields: Any) -> bytes:
    """The good line with other fields."""
    return line(**FIELDS | fields)


def data(**fields: Any) -> bytes:
    """The good line with other fields in its event."""
    return changed(data=FIELDS["data"] | fields)


def again(version: int, **fields: Any) -> bytes:
    """A later line of the same stream, which moves the unit."""
    return changed(
        version=version,
        type="unit.reparented.v1",
        data={"parent": "HX", "valid_from": "2021-01-01"},
        **fields,
    )


CHANGE = {"field": "params", "before": None, "after": {"系数": "1"}}
REVISED = changed(
    stream="letter/L",
    type="letter.item_revised.v1",
    data={"item": "I01", "changes": [CHANGE]},
)

DEFECTS = {
    "not JSON": (b"{\n", 1, "", "line_malformed"),
    "an empty line": (b"\n", 1, "", "line_malformed"),
    "not UTF-8": (b'"\xff"\n', 1, "", "line_malformed"),
    "nested without end": (b"[" * 30_000 + b"]" * 30_000 + b"\n", 1, "", "line_malformed"),
    "white space": (json.dumps(FIELDS).encode() + b"\n", 1, "", "line_malformed"),
    "a line end of another system": (GOOD[:-1] + b"\r\n", 1, "", "line_malformed"),
    "a key twice": (GOOD[:-2] + b',"person":"P-2"}\n', 1, "", "line_malformed"),
    "a key beyond ASCII": (REVISED, 1, "", "line_malformed"),
    "a key beyond ASCII that no type has": (data(单元="U1"), 1, "data", "field_invalid"),
    "a NUL": (data(name="a\0b"), 1, "", "line_malformed"),
    "a lone surrogate": (GOOD.replace(b'"P-1"', b'"\\ud800"'), 1, "", "line_malformed"),
    "too long": (data(name="x" * LINE_BYTES_MAX), 1, "", "line_too_long"),
    "cut off": (GOOD[:-1], 1, "", "line_unfinished"),
    "an unknown field": (changed(colour="red"), 1, "", "field_invalid"),
    "no person": (changed(person=None), 1, "person", "field_invalid"),
    "a name that is none": (changed(unit="a b"), 1, "unit", "field_invalid"),
    "a day that is none": (data(valid_from="2021-02-30"), 1, "", "field_invalid"),
    "an instant that is none": (
        changed(occurred_at="2021-02-30T00:00:00.000000Z"),
        1,
        "",
        "field_invalid",
    ),
    "a year beyond reckoning": (data(valid_from="9999-01-01"), 1, "", "field_invalid"),
    "a field of the event": (data(type="moon"), 1, "data.type", "field_invalid"),
    "an unknown field of the event": (data(colour="red"), 1, "data", "field_invalid"),
    "a number that is not exact": (data(name=1.5), 1, "data.name", "field_invalid"),
    "a type that is unknown": (changed(type="unit.sold.v1"), 1, "type", "type_unknown"),
    "a type of live ledgers": (
        changed(type="credential.revoked.v1", stream="credential/K", data={}),
        1,
        "type",
        "type_not_importable",
    ),
    "a stream of another noun": (changed(stream="letter/U1"), 1, "stream", "stream_of_other_noun"),
    "a stream of another name": (changed(stream="unit/U2"), 1, "data", "stream_of_other_name"),
    "after the check": (
        changed(occurred_at="2031-01-01T00:00:00.000000Z"),
        1,
        "occurred_at",
        "occurred_in_future",
    ),
    "begins in the middle": (again(2), 1, "version", "version_gap"),
    "a line is missing": (GOOD + again(3), 2, "version", "version_gap"),
    "a line stands twice": (GOOD + GOOD, 2, "version", "version_gap"),
    "does not begin with its beginning": (again(1), 1, "data", "state_broken"),
}


@pytest.mark.parametrize(("content", "number", "field", "code"), DEFECTS.values(), ids=DEFECTS)
def test_a_line_that_cannot_be_imported_is_named(
    tmp_path: Path, content: bytes, number: int, field: str, code: str
) -> None:
    """Line, field and code, with a sentence in both languages; the file has no manifest then."""
    told = checked(written(tmp_path / "file", [content]), LATER)
    assert [(each.line, each.field, each.code) for each in told.findings] == [(number, field, code)]
    assert told.manifest is None
    (finding,) = told.findings
    assert "{detail}" not in finding.en + finding.zh
    assert finding.en
    assert finding.zh != finding.en


def test_the_longest_line_is_taken(tmp_path: Path) -> None:
    """A line of the greatest length passes; one byte more does not."""
    evidence = [{"sha256": "a" * 64, "media": "application/pdf", "title": "x"}] * 500
    short = changed(data=FIELDS["data"] | {"evidence": evidence}, reason="r")
    lines = [
        short.replace(b'"reason":"r"', b'"reason":"%s"' % (b"r" * (size + 2 - len(short))))
        for size in (LINE_BYTES_MAX, LINE_BYTES_MAX + 1)
    ]
    assert [len(each) for each in lines] == [LINE_BYTES_MAX + 1, LINE_BYTES_MAX + 2]
    assert checked(written(tmp_path / "fits", lines[:1]), LATER).findings == []
    (finding,) = checked(written(tmp_path / "longer", lines[1:]), LATER).findings
    assert finding.code == "line_too_long"


def test_one_mistake_in_a_stream_is_told_once(tmp_path: Path) -> None:
    """What follows in a stream that is broken is not judged; other streams are."""
    lines = [GOOD, again(3), again(4), *unit_lines("U2", person="a b")]
    told = checked(written(tmp_path / "file", lines), LATER)
    assert [(each.line, each.code) for each in told.findings] == [
        (2, "version_gap"),
        (4, "field_invalid"),
    ]


def test_findings_are_bounded_and_counted(tmp_path: Path) -> None:
    """A file of nothing but mistakes costs no more memory than the first of them."""
    told = checked(written(tmp_path / "file", [b"{}\n"] * (FINDINGS_MAX + 5)), LATER)
    assert (len(told.findings), told.defects) == (FINDINGS_MAX, FINDINGS_MAX + 5)
    assert told.findings[-1].line == FINDINGS_MAX


def test_an_empty_file_amounts_to_nothing(tmp_path: Path) -> None:
    """Nothing is wrong with it, and there is nothing to propose."""
    told = checked(written(tmp_path / "file", []), LATER)
    assert (told.manifest, told.findings) == (None, [])


def test_a_text_may_hold_what_looks_like_a_mistake(tmp_path: Path) -> None:
    """A backslash before `u0000`, and a quotation mark with a colon behind Chinese, are texts."""
    lines = [data(name="a\\u0000b"), *unit_lines("U2", reason='据"纪要":同意')]
    assert checked(written(tmp_path / "file", lines), LATER).findings == []


def test_the_manifest_counts_sums_and_spans(tmp_path: Path) -> None:
    """Digest, bytes, events, streams, span of time, events by type, and exact control totals."""
    measured = [
        line(
            stream=f"measurement/M-{number}",
            version=1,
            type="measurement.recorded.v1",
            occurred_at=f"2021-0{number}-01T00:00:00.000000Z",
            person="P-1",
            data={
                "measurement": f"M-{number}",
                "indicator": "SALES",
                "subject": "BJ",
                "period": "2021",
                "value": value,
                "unit": "万元",
                "source_system": "财务系统",
            },
        )
        for number, value in enumerate(("0.10", "0.2", "-999999999999999999"), start=1)
    ]
    path = written(tmp_path / "file", [*unit_lines("U1"), *measured])
    manifest = manifest_of(path)
    content = path.read_bytes()
    assert (manifest.source, manifest.size) == (sha256(content).hexdigest(), len(content))
    assert (manifest.events, manifest.streams) == (4, 4)
    assert manifest.occurred_from == "2020-01-01T00:00:00.000000Z"
    assert manifest.occurred_to == "2021-03-01T00:00:00.000000Z"
    assert manifest.counts == (
        TypeCount(type="measurement.recorded.v1", events=3),
        TypeCount(type="unit.registered.v1", events=1),
    )
    assert manifest.totals == (
        ControlTotal(type="measurement.recorded.v1", field="value", total="-999999999999999998.70"),
    )


@pytest.mark.parametrize("states_max", [import_checking.STATES_MAX, 1])
def test_the_history_of_a_ledger_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, states_max: int
) -> None:
    """Whole stories fold, also where states are forgotten and read again from the file."""
    monkeypatch.setattr(import_checking, "STATES_MAX", states_max)
    for name, ledger in (("story", story_recorded()), ("veto", veto_recorded())):
        lines = importable(entry.stored for entry in ledger.entries)
        manifest = manifest_of(written(tmp_path / name, lines))
        assert manifest.events == len(lines)
        assert sum(count.events for count in manifest.counts) == len(lines)


def test_the_check_tells_how_far_it_has_read(tmp_path: Path) -> None:
    """The bytes read so far ascend to the size of the file."""
    told: list[int] = []
    path = written(tmp_path / "file", unit_lines("U1", "U2", "U3"))
    checked(path, LATER, told.append)
    assert told == sorted(told)
    assert told[-1] == path.stat().st_size
