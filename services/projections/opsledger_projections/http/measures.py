"""What the service counts about itself, for Prometheus; no payload and no identifiers."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from opsledger_projections.projections import Projections

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Measures:
    """The counters of one service, in a registry of its own."""

    def __init__(self, projections: Projections) -> None:
        self._projections = projections
        follower = projections.follower
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "opsledger_projections_requests",
            "Requests answered.",
            ["route", "method", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "opsledger_projections_request_seconds",
            "Time from the request to the start of its answer.",
            ["route"],
            registry=self._registry,
        )
        self._parts = Gauge(
            "opsledger_projections_part_position",
            "Position that a part of the views has reached, where several processes keep them.",
            ["part"],
            registry=self._registry,
        )
        for name, text, read in (
            ("position", "Position that the views have reached.", lambda: follower.position),
            ("ledger_position", "Last position of the ledger.", lambda: follower.head_position),
            (
                *("following", "1 while the views follow."),
                lambda: float(all(one.running for one in projections.standings())),
            ),
        ):
            gauge = Gauge(f"opsledger_projections_{name}", text, registry=self._registry)
            gauge.set_function(read)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request under its route template."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Write all counters in the text form of Prometheus."""
        self._parts.clear()
        for part, position in self._projections.parts().items():
            self._parts.labels(part).set(position)
        return generate_latest(self._registry)
