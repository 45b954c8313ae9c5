"""The read side as it is, without HTTP: follows a log into tables, and rebuilds them.

Run as `python -m benchmarks.projector LEDGER TABLES`, both places. Each line that it reads is
`catch up`, which comes first, `rebuild`, or `look LOOKS` at letters as of random positions; it
answers each by a line with `Projected`.
"""

import random
import resource
import sys
import time
from typing import Final

import msgspec
from benchmarks.filled import streams_for
from benchmarks.ledgers import opened_log
from benchmarks.mix import stream_name
from benchmarks.places import Place
from pydantic import SecretStr

from opsledger.log_feed import LogFeed
from opsledger_projections.bootstrap import open_projections
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.following.rebuild import RebuiltView
from opsledger_projections.projections import Projections
from opsledger_projections.views.catalogue import VIEWS

_PAUSE_S: Final = 0.002


class Projected(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one catch-up or rebuild."""

    events: int
    seconds: float
    cpu_s: float
    peak_mb: float
    """Most memory that the process ever had."""

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.events / self.seconds


def _settings(place: Place) -> ProjectionsSettings:
    if place.directory:
        return ProjectionsSettings(directory=place.folder)
    return ProjectionsSettings(database_url=SecretStr(place.url))


def _wait(projections: Projections, position: int) -> None:
    follower = projections.follower
    while follower.position < position or not follower.caught_up:
        if follower.failure is not None:
            raise follower.failure
        time.sleep(_PAUSE_S)


def _rebuild(projections: Projections) -> None:
    views = [step for step in projections.rebuilding.run() if isinstance(step, RebuiltView)]
    assert views
    assert all(view.equal for view in views), "a rebuilt view differs from the served one"


def _look(projections: Projections, position: int, looks: int, chosen: random.Random) -> None:
    """Read letters at random, each as of a random position at which it was there."""
    view = VIEWS["letters"]
    letters = streams_for(position)
    with projections.served.reading() as tables:
        for _ in range(looks):
            key = stream_name(chosen.randrange(letters)).partition("/")[2]
            assert tables.read(view, key, chosen.randint(position // 2, position)) is not None


def _main(ledger: Place, tables: Place) -> None:
    log = opened_log(ledger, writing=False)
    position = log.head().position
    assert sys.stdin.readline().strip() == "catch up"
    began, cpu_before = time.perf_counter(), time.process_time()
    with open_projections(_settings(tables), LogFeed(log), trusting=True) as projections:
        _wait(projections, position)
        _say(position, began, cpu_before)
        with projections.served.reading() as served:
            assert not served.parked(), "a stream of the mix was parked"
        chosen = random.Random(position)
        for line in sys.stdin:
            began, cpu_before = time.perf_counter(), time.process_time()
            match line.split():
                case ["rebuild"]:
                    _rebuild(projections)
                    _say(position, began, cpu_before)
                case ["look", looks]:
                    _look(projections, position, int(looks), chosen)
                    _say(int(looks), began, cpu_before)
                case _:
                    raise ValueError(line)
    log.close()


def _say(events: int, began: float, cpu_before: float) -> None:
    done = Projected(
        events=events,
        seconds=time.perf_counter() - began,
        cpu_s=time.process_time() - cpu_before,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    )
    print(msgspec.json.encode(done).decode(), flush=True)


if __name__ == "__main__":
    _main(Place.of(sys.argv[1]), Place.of(sys.argv[2]))
