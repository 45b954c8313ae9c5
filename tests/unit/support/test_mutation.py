"""The harness that plants faults: which ones it makes, and that it tells caught from not caught."""

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from support.mutation import judged
from support.mutation.__main__ import ROOT, sample
from support.mutation.forking import Outcome, forked
from support.mutation.mutants import mutants


def _made(source: str) -> list[tuple[str, str, str]]:
    return [(row.operator, row.before, row.after) for row in mutants("m", dedent(source))]


@pytest.mark.parametrize(
    ("expression", "made"),
    [
        ("a + b", [("arithmetic", "a - b")]),
        ("a < b", [("boundary", "a <= b"), ("comparison", "a >= b")]),
        ("a == b", [("comparison", "a != b")]),
        ("a and b", [("boolean", "a or b"), ("boolean", "b"), ("boolean", "a")]),
        ("not a", [("unary", "a")]),
        ("-a", [("unary", "a")]),
        ("7", [("constant", "8"), ("constant", "6")]),
        ("True", [("constant", "False")]),
        ("'code'", [("constant", "'code~'")]),
        ("'a sentence'", []),
        ("'句'", []),
        ("'{a} is {b}'", [("placeholder", "' is {b}'"), ("placeholder", "'{a} is '")]),
        ("f'of {a}'", [("placeholder", "f'of '")]),
        ("f'of {a}' + b", [("placeholder", "f'of ' + b")]),
        ("a if b else c", [("condition", "a if True else c"), ("condition", "a if False else c")]),
        ("min(a)", [("function", "max(a)")]),
        ("abs(a)", [("function", "a")]),
        ("sorted(a, key=b)", [("function", "list(a)"), ("argument", "sorted(a, key=None)")]),
        ("f(a, b)", [("argument", "f(b, a)")]),
        ("f(a, a)", []),
        ("max(a, b)", [("function", "min(a, b)")]),
        ("f(key=a)", [("argument", "f(key=None)")]),
        ("f(description='x')", []),
        ("a[b:c]", [("slice", "a[:c]"), ("slice", "a[b:]")]),
        ("(*a, b)", [("element", "(b,)")]),
        ("[*a]", [("element", "[]")]),
        ("{*a}", [("element", "()")]),
        ("{**a, b: c}", [("element", "{b: c}")]),
        (
            "lambda a: (b, c)",
            [
                ("return", "lambda a: None"),
                ("element", "lambda a: (c,)"),
                ("element", "lambda a: (b,)"),
            ],
        ),
        (
            "re.compile('a{2}b?')",
            [
                ("pattern", "re.compile('a{3}b?')"),
                ("pattern", "re.compile('a{1}b?')"),
                ("pattern", "re.compile('a{2}b')"),
            ],
        ),
        ("Word('zh', 'en')", [("argument", "Word('en', 'zh')")]),
    ],
)
def test_the_faults_of_an_expression(expression: str, made: list[tuple[str, str]]) -> None:
    """Each operator, on the smallest code that it applies to."""
    found = _made(f"def f():\n    x = {expression}")
    assert [(operator, after) for operator, _, after in found] == made


@pytest.mark.parametrize(
    ("statements", "made"),
    [
        ("return a", [("return", "return None")]),
        ("for a in b:\n        c()", [("loop", "for a in (): c()"), ("statement", "pass")]),
        ("raise a from b", [("statement", "pass")]),
        ("a.b = c", [("statement", "pass")]),
        ("a = b\n    a = c", [("statement", "pass")]),
        ("a += b", [("statement", "pass"), ("arithmetic", "a -= b")]),
        ("while a:\n        b()", [("condition", "False"), ("statement", "pass")]),
        (
            "if a:\n        b()",
            [("condition", "True"), ("condition", "False"), ("statement", "pass")],
        ),
        (
            "match a:\n        case b():\n            pass\n        case _:\n            c(a)",
            [("case", "case b() if False: pass"), ("statement", "pass")],
        ),
    ],
)
def test_the_faults_of_statements(statements: str, made: list[tuple[str, str]]) -> None:
    """What is done is left out, and what is decided is decided both ways."""
    found = _made(f"def f():\n    {statements}")
    assert [(operator, after) for operator, _, after in found] == made


def test_an_answer_of_yes_or_no_is_given_both_ways() -> None:
    """A function that says it answers with a truth value has two wrong answers."""
    found = _made("def f() -> bool:\n    return a == b")
    assert [after for _, _, after in found] == ["True", "False"]


def test_what_has_no_effect_at_run_time_is_left_out() -> None:
    """Imports, docstrings, annotations and type variables; but what msgspec reads of a structure."""
    assert not _made(
        '''
        """Doc."""
        import a
        T = TypeVar("T")
        X: Final[Literal["a"]] = b
        @c(d=True)
        class E:
            """Doc."""
            f: Literal["g"]
        def h(i: Literal["j"]) -> Literal["k"]: ...
        '''
    )
    assert _made("class S(Struct):\n    a: Literal['b']") == [
        ("constant", "Literal['b']", "Literal['b~']")
    ]


def test_mutants_that_read_alike_are_told_apart() -> None:
    """The list of survivors names each, and the name does not depend on where the code stands."""
    source = "def f():\n    g(a + b)\n    h(a + b)\n"
    keys = [row.key for row in mutants("m", source) if row.operator == "arithmetic"]
    assert keys == [
        "m:f: arithmetic: g(a + b) => g(a - b)",
        "m:f: arithmetic: h(a + b) => h(a - b)",
    ]
    twice = [row.key for row in mutants("m", "x = 1\ny = 1\n")]
    assert twice[2:] == ["m:: constant: 1 => 2 (2)", "m:: constant: 1 => 0 (2)"]
    assert [row.key for row in mutants("m", "\n\n" + source) if row.key in keys] == keys


def test_a_sample_has_mutants_of_every_module() -> None:
    """The same seed draws the same ones; a small module is not left out."""
    rows = [
        row
        for module, lines in (("big", 200), ("small", 2))
        for row in mutants(module, "x = 1\n" * lines)
    ]
    drawn = sample(rows, 40, "seed")
    assert drawn == sample(rows, 40, "seed") != sample(rows, 40, "other")
    assert [sum(row.module == name for row in drawn) for name in ("big", "small")] == [40, 1]


def test_work_without_end_is_ended() -> None:
    """A fault may make a loop endless; that counts as noticed."""

    def endless() -> str:
        while True:
            pass

    assert forked(endless, 0.5).wait().outcome is Outcome.TIMED_OUT


def test_the_list_of_survivors_is_held_to_what_was_found(tmp_path: Path) -> None:
    """A survivor that is not listed, one that is caught, and one that is gone are all told."""
    listed = tmp_path / "survivors.toml"
    listed.write_text('[[judgement]]\nbecause = "same"\nmutants = ["a", "b", "c"]\n')
    stands = judged.standing(
        judged.read(listed), {"a", "b", "d", "e"}, {"a": True, "b": False, "d": True, "e": False}
    )
    assert stands == judged.Standing(unjudged=("d",), killed=("b",), gone=("c",))
    listed.write_text('[[judgement]]\nbecause = " "\nmutants = ["a"]\n')
    with pytest.raises(ValueError, match="listed twice or without a reason: a"):
        judged.read(listed)
    listed.write_text('[[judgement]]\nbecause = "same"\nmutants = ["a", "a"]\n')
    with pytest.raises(ValueError, match="listed twice"):
        judged.read(listed)


MARKS = '''
"""A package with a rule that is tested, and one that is not."""
LIMIT = 3

def passes(mark: int) -> bool:
    return mark >= LIMIT

def fee(days: int) -> int:
    return days * 2

def unused(days: int) -> int:
    return -days
'''
TESTS = """
import pytest
from toy.marks import fee, passes

@pytest.mark.parametrize("mark", [2, 3])
def test_the_limit_passes(mark):
    assert passes(mark) == (mark == 3)

def test_no_days_cost_nothing():
    assert fee(0) == 0
"""
NOT_CAUGHT = {
    "marks:fee: constant: days * 2 => days * 3",
    "marks:fee: constant: days * 2 => days * 1",
    "marks:fee: arithmetic: days * 2 => days / 2",
    "marks:unused: return: return -days => return None",
    "marks:unused: unary: -days => days",
}


def test_a_run_finds_what_weak_tests_let_through(tmp_path: Path) -> None:
    """Faults in a tested rule and its limit are caught; those in a rule tested at 0 only are not.

    Broken off and run again, it finds the same.
    """
    toy = tmp_path / "code/packages/toy"
    toy.mkdir(parents=True)
    (tmp_path / "tests").mkdir()
    (toy / "__init__.py").touch()
    (toy / "marks.py").write_text(MARKS)
    (tmp_path / "tests/test_marks.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = code/packages\n")
    command = (
        *(sys.executable, "-m", "support.mutation", "--root", str(tmp_path), "--workers", "1"),
        *(
            "--package",
            "toy",
            "--folder",
            "code/packages/toy",
            "--tests",
            "tests",
            "--judged",
            "survivors.toml",
        ),
    )
    surroundings = {
        name: text for name, text in os.environ.items() if not name.startswith(("COV", "PYTEST"))
    }
    surroundings["PYTHONPATH"] = os.pathsep.join((str(ROOT / "tests"), str(toy.parent)))

    def reported() -> dict[str, Any]:
        run = subprocess.run(
            command, env=surroundings, capture_output=True, text=True, check=False, timeout=120
        )
        assert run.returncode == 1, run.stderr
        found: dict[str, Any] = json.loads((tmp_path / "build/mutation/report.json").read_bytes())
        return found

    report = reported()
    assert set(report["unjudged"]) == NOT_CAUGHT
    assert report["modules"]["marks"]["survived"] == len(NOT_CAUGHT)
    assert report["mutants"] > len(NOT_CAUGHT) + 3
    assert {row["mutant"] for row in report["survived"]} == NOT_CAUGHT

    # A run that is ended in the middle of a line goes on after the lines that are whole.
    results = tmp_path / "build/mutation/results.jsonl"
    lines = results.read_bytes().splitlines(keepends=True)
    before = lines[: len(lines) // 2]
    results.write_bytes(b"".join(before) + lines[-1][:20])
    assert reported() == report
    assert results.read_bytes().splitlines(keepends=True)[: len(before)] == before
    assert len(results.read_bytes().splitlines()) == len(lines)
