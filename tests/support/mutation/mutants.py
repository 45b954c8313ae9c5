"""The mutants of a package: each is one module with one fault."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from support.mutation.operators import alternatives
from support.mutation.sites import Site, sites

_READABLE: Final = 72
"""How long the code shown around a fault may be, in characters, where the fault itself is short."""
_SHOWN: Final = 160
"""How much is shown of long code."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One fault, and where it is.

    `function` is the qualified name of the function or class, empty elsewhere in the module; `nth`
    counts, from 1, those of a function that read alike; `lines` are those whose tests may see it.
    `body` are the lines of the function's body; none where the module has to be imported to see it.
    """

    module: str
    function: str
    operator: str
    before: str
    after: str
    nth: int
    lines: frozenset[int]
    body: range
    _site: Site = field(repr=False, compare=False)
    _replacement: ast.AST = field(repr=False, compare=False)

    @property
    def key(self) -> str:
        """One text that names the mutant, and stays the same while the code around it moves."""
        place = f"{self.module}:{self.function}: {self.operator}: {self.before} => {self.after}"
        return place if self.nth == 1 else f"{place} ({self.nth})"

    def plant(self) -> ast.Module:
        """Put the fault into the module's tree, which then is not to be used for another."""
        self._site.put(_located(self._replacement, self._site.node))
        module = self._site.above[0]
        assert isinstance(module, ast.Module)
        return module


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of the source."""
    counts: Counter[tuple[str, ...]] = Counter()
    for site in sites(ast.parse(source)):
        for operator, replacement in alternatives(site):
            before, after = _read(site, _located(replacement, site.node))
            alike = (site.name, operator, before, after)
            counts[alike] += 1
            yield Mutant(
                module=module,
                function=site.name,
                operator=operator,
                before=before,
                after=after,
                nth=counts[alike],
                lines=_lines(site),
                body=_body(site.function),
                _site=site,
                _replacement=replacement,
            )


def _located(node: ast.AST, like: ast.AST) -> ast.AST:
    return ast.fix_missing_locations(ast.copy_location(node, like))


def _read(site: Site, replacement: ast.AST) -> tuple[str, str]:
    """The code around a place before and after, as much of it as is short."""
    around: ast.AST = site.node
    for node in reversed(site.above):
        if not isinstance(node, ast.expr | ast.keyword | ast.comprehension):
            break
        if len(ast.unparse(node)) > _READABLE:
            break
        around = node
    if around is site.node:
        return _short(ast.unparse(around)), _short(ast.unparse(replacement))
    before = ast.unparse(around)
    site.put(replacement)
    after = ast.unparse(around)
    site.put(site.node)
    return _short(before), _short(after)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def _lines(site: Site) -> frozenset[int]:
    """The lines whose tests may see the fault: of the statement, or of a compound one's head."""
    around = (*site.above, site.node)
    statement = site.statement
    if statement is None or site.function is None:
        return frozenset()
    part: ast.AST = statement
    if hasattr(statement, "body") and site.node is not statement:
        inside = around[around.index(statement) + 1 :]
        part = next(node for node in inside if hasattr(node, "lineno"))
    first, last = _span(part)
    if hasattr(part, "body"):
        last = first
    return frozenset({statement.lineno, *range(first, last + 1)})


def _span(node: ast.AST) -> tuple[int, int]:
    """The first and the last line of a node that has lines."""
    first: int = vars(node)["lineno"]
    last: int | None = vars(node)["end_lineno"]
    return first, last or first


def _body(function: ast.FunctionDef | None) -> range:
    if function is None:
        return range(0)
    last = function.body[-1]
    return range(function.body[0].lineno, (last.end_lineno or last.lineno) + 1)
