"""What keeps a cluster of plain processes from running.

ClusterError
├── ExtraMissing     the programs of the extra `cluster` are not installed
├── ProcessNotReady  a program did not become ready, or ended; its log says more
└── Stopped          the cluster was told to stop while it started
"""

from pathlib import Path


class ClusterError(Exception):
    """Base of what can be wrong with a cluster of plain processes."""


class ExtraMissing(ClusterError):
    """The programs of the extra `cluster` are not installed."""

    def __init__(self, program: str) -> None:
        super().__init__(f"{program} is not installed; install the extra: opsledger[cluster]")


class ProcessNotReady(ClusterError):
    """A program did not become ready, or ended; its log says more."""

    def __init__(self, name: str, reason: str, log: Path) -> None:
        super().__init__(f"{name} {reason}; see {log}")


class Stopped(ClusterError):
    """The cluster was told to stop while it started."""
