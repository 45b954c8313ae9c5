"""What the service counts about itself, for Prometheus; no payload and no identifiers."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Measures:
    """The counters of one service, in a registry of its own."""

    def __init__(
        self,
        position: Callable[[], int],
        queue_length: Callable[[], int],
        streams_open: Callable[[], int],
    ) -> None:
        self._registry = CollectorRegistry()
        # Finding a counter by its labels takes longer than counting.
        self._kept: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._requests = Counter(
            "opsledger_requests",
            "Requests answered.",
            ["route", "method", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "opsledger_request_seconds",
            "Time from the request to the start of its answer.",
            ["route"],
            registry=self._registry,
        )
        for name, text, read in (
            ("opsledger_position", "Last position of the ledger.", position),
            ("opsledger_queue_length", "Commands that wait for the writer.", queue_length),
            ("opsledger_streams_open", "Server-sent event streams that are open.", streams_open),
        ):
            Gauge(name, text, registry=self._registry).set_function(read)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request under its route template."""
        key = route, method, status
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = (
                self._requests.labels(route, method, str(status)),
                self._seconds.labels(route),
            )
        requests, histogram = found
        requests.inc()
        histogram.observe(seconds)

    def text(self) -> bytes:
        """Write all counters in the text form of Prometheus."""
        return generate_latest(self._registry)
