"""Try the four wheels in the environment they were installed into; run by `make wheels`.

It uses the standard library only, since that environment has no test tools.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
import sys
import sysconfig
from pathlib import Path

DISTRIBUTIONS = {
    "opsledger-contracts": "opsledger_contracts",
    "opsledger-ledger": "opsledger_ledger",
    "opsledger-projections": "opsledger_projections",
    "opsledger": "opsledger",
}


def installed_names(distribution: str) -> set[str]:
    """The top-level names a distribution put into site-packages, its own metadata aside."""
    files = importlib.metadata.files(distribution) or []
    tops = {file.parts[0] for file in files}
    return {top for top in tops if not top.endswith(".dist-info") and top != ".."}


def import_every_module(package: str) -> int:
    """Import a package with all its modules; returns how many there are."""
    root = importlib.import_module(package)
    names = [module.name for module in pkgutil.walk_packages(root.__path__, f"{package}.")]
    for name in names:
        if not name.endswith(".__main__"):
            importlib.import_module(name)
    return len(names)


def main() -> int:
    """Check what was installed; returns 0 when all is well."""
    site = Path(sysconfig.get_path("purelib"))
    for distribution, package in DISTRIBUTIONS.items():
        names = installed_names(distribution)
        if names != {package}:
            sys.exit(f"{distribution} installs {sorted(names)}, expected only {package}")
        if not (site / package / "py.typed").exists():
            sys.exit(f"{distribution} lacks py.typed")
        count = import_every_module(package)
        sys.stdout.write(f"{distribution}: {count} modules imported\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
