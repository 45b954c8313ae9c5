"""Two ways to put a fault into a package that runs.

What a function does is exchanged in the function itself, whoever has imported it; no module is
imported again. What a module makes when it is imported needs a process that has not imported it.
"""

import ast
import importlib.abc
import importlib.util
import sys
import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from support.mutation.forking import Refused
from support.mutation.mutants import Mutant
from support.mutation.target import Target


def exchange(target: Target, mutant: Mutant) -> None:
    """Give the function of a mutant its faulty code.

    Raises:
        Refused: the function is wrapped or holds other variables than before.

    """
    path = target.files()[mutant.module]
    code = next(_codes(_compiled(mutant.plant(), path), mutant.function), None)
    found = _function(sys.modules[f"{target.package}.{mutant.module}"], mutant.function)
    if code is None or found is None or found.__code__.co_freevars != code.co_freevars:
        raise Refused(mutant.key)
    found.__code__ = code


def import_faulty(target: Target, mutant: Mutant) -> None:
    """See to it that the module, once it is imported, has the fault."""
    name = f"{target.package}.{mutant.module}"
    assert name not in sys.modules, f"{name} is imported already"
    path = target.files()[mutant.module]
    sys.meta_path.insert(0, _Faulty(name, path, _compiled(mutant.plant(), path)))


def _compiled(tree: ast.Module, path: Path) -> CodeType:
    with warnings.catch_warnings():
        # A fault may well be what the compiler warns of.
        warnings.simplefilter("ignore")
        return compile(tree, str(path), "exec")


def _codes(code: CodeType, name: str) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_qualname == name:
                yield constant
            yield from _codes(constant, name)


def _function(module: ModuleType, name: str) -> FunctionType | None:
    found: object = module
    for part in name.split("."):
        found = vars(found).get(part)
    match found:
        case property(fget=inner) | staticmethod(__func__=inner) | classmethod(__func__=inner):
            found = inner
        case cached_property(func=inner):
            found = inner
        case _:
            pass
    found = getattr(found, "__wrapped__", found)
    return found if isinstance(found, FunctionType) else None


class _Faulty(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module, and runs other code for it than its file holds."""

    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        self.name, self.path, self.code = name, path, code

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the protocol of imports
        target: ModuleType | None = None,  # noqa: ARG002 - same
    ) -> ModuleSpec | None:
        """The specification of that module; None for every other."""
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        """Fill the module."""
        exec(self.code, vars(module))  # noqa: S102 - that is how a module is made
