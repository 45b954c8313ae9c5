"""Putting the read side together, and serving it as a process."""

import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

import uvicorn

from opsledger_contracts.decoders import look_at_classes
from opsledger_projections.clock import Clock, ScriptedClock, SystemClock
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.errors import ExtraMissing
from opsledger_projections.following.dividing import join
from opsledger_projections.following.feed import Feed
from opsledger_projections.following.follower import Follower
from opsledger_projections.following.http_feed import HttpFeed
from opsledger_projections.following.partition import Partition
from opsledger_projections.following.parts import Part
from opsledger_projections.following.projector import Projector
from opsledger_projections.following.rebuild import OwnRebuilding, SharedRebuilding
from opsledger_projections.following.watching import Watcher
from opsledger_projections.http.app import create_app
from opsledger_projections.projections import Projections
from opsledger_projections.tables.generations import SqliteGenerations
from opsledger_projections.tables.port import Generations
from opsledger_projections.tables.served import ServedTables
from opsledger_projections.views.catalogue import VIEWS
from opsledger_projections.views.view import View

if TYPE_CHECKING:
    from opsledger_projections.tables.postgres_generations import PostgresGenerations

SHUTDOWN_S: Final = 3
"""Longest time for requests under way when the process is told to stop."""

Announce = Callable[[Projections, str], None]
"""Told once requests are taken: what is served, and at which address."""


def open_projections(
    settings: ProjectionsSettings, feed: Feed | None = None, *, trusting: bool = False
) -> Projections:
    """Open the tables and begin to follow the ledger; `feed` stands in for the one over HTTP.

    With `trusting` every caller is let in without a key.

    Tables of other versions of the views are built anew from the first entry; until that has
    caught up the service is not ready.

    Raises:
        ValueError: the settings name no API key for the feed, or two.
        TablesUnwritable: the tables cannot be opened.
        ExtraMissing: the library of the database or of the broker is not installed.

    """
    look_at_classes()
    if feed is None:
        feed = feed_of(settings)
    if settings.partition is not None or not settings.following:
        return _open_parted(settings, feed, trusting=trusting)
    views = list(VIEWS.values())
    generations = _generations(settings, views)
    tables = generations.open()
    served = ServedTables(tables)
    follower = Follower(feed, Projector(views, tables))
    projections = Projections(
        views=views,
        feed=feed,
        generations=generations,
        served=served,
        follower=follower,
        rebuilding=OwnRebuilding(
            feed, views, generations, served, follower, processes=settings.rebuild_processes
        ),
        clock=_clock(settings),
        trusting=trusting,
    )
    follower.start()
    return projections


def _open_parted(settings: ProjectionsSettings, feed: Feed, *, trusting: bool) -> Projections:
    """Open tables that several processes keep, and follow a part of them if this one is to."""
    views = list(VIEWS.values())
    partition = None
    if settings.partition is not None:
        part = Part.read(settings.partition)
        partition = Partition(feed, views, shared_generations(settings, views), part)
    generations = shared_generations(settings, views)
    watcher = Watcher(feed, generations)
    projections = Projections(
        views=views,
        feed=feed,
        generations=generations,
        served=watcher.served,
        follower=watcher,
        rebuilding=SharedRebuilding(
            feed, views, generations, watcher.served, watcher, processes=settings.rebuild_processes
        ),
        clock=_clock(settings),
        partition=partition,
        parted=True,
        trusting=trusting,
    )
    for standing in projections.standings():
        standing.start()
    return projections


def _clock(settings: ProjectionsSettings) -> Clock:
    return SystemClock() if settings.clock_file is None else ScriptedClock(settings.clock_file)


def _generations(settings: ProjectionsSettings, views: Sequence[View]) -> Generations:
    if settings.directory is not None:
        return SqliteGenerations(settings.directory, views)
    return shared_generations(settings, views)


def shared_generations(
    settings: ProjectionsSettings, views: Sequence[View]
) -> "PostgresGenerations":
    """Give the tables in a database, which several processes may keep together.

    Raises:
        ExtraMissing: the driver of the database is not installed.

    """
    try:
        # Only who has a database needs its driver.
        from opsledger_projections.tables.postgres_generations import (  # noqa: PLC0415
            PostgresGenerations,
        )
    except ImportError as error:
        raise ExtraMissing("postgres") from error
    url = settings.database()
    assert url is not None
    return PostgresGenerations(url, settings.database_schema, views)


def divide(settings: ProjectionsSettings, count: int) -> int:
    """Divide tables in a database into so many parts, 1 for a whole; gives where they stand.

    Raises:
        ValueError: the settings name no API key for the feed, or two.
        FeedUnreachable: the ledger does not give what some parts are behind others.
        TablesInUse: a process follows the tables.
        ProjectionsError: feed or tables are wrong.

    """
    views = list(VIEWS.values())
    generations = shared_generations(settings, views)
    with closing(feed_of(settings)) as feed, closing(generations):
        tables = generations.open_to_divide()
        with closing(tables):
            position = join(feed, views, tables)
            if count > 1:
                tables.divide(count)
    return position


def serve(settings: ProjectionsSettings, announce: Announce, feed: Feed | None = None) -> None:
    """Serve the read side until the process is told to stop.

    Raises:
        ValueError: as `open_projections`.
        OSError: the address cannot be had.

    """
    with (
        socket.create_server((settings.host, settings.port), backlog=1024) as listener,
        open_projections(settings, feed) as projections,
    ):
        address = f"http://{settings.host}:{listener.getsockname()[1]}"
        server = ProjectionsServer(projections, lambda: announce(projections, address))
        with _signals_left_to_server():
            server.run(sockets=[listener])


class ProjectionsServer(uvicorn.Server):
    """A server that says when it takes requests."""

    def __init__(self, projections: Projections, started: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(projections),
                loop="uvloop",
                http="httptools",
                ws="none",
                lifespan="off",
                access_log=False,
                log_level="warning",
                server_header=False,
                timeout_graceful_shutdown=SHUTDOWN_S,
            )
        )
        self._on_start = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take requests, and say so."""
        await super().startup(sockets)
        if self.started:
            self._on_start()


def feed_of(settings: ProjectionsSettings) -> Feed:
    """Choose where entries come from: the ledger, or a broker with the ledger behind it."""
    nats_url = settings.nats()
    ledger = HttpFeed(settings.ledger_url, settings.key())
    if nats_url is None:
        return ledger
    try:
        from opsledger_projections.following.nats_feed import NatsFeed  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ExtraMissing("nats") from error
    return NatsFeed(nats_url, settings.nats_stream, ledger)


@contextmanager
def _signals_left_to_server() -> Iterator[None]:
    """Keep the signals that the server raises again at its end from killing the process.

    The follower and the tables are closed after the server; they must get to it.
    """
    before = {
        number: signal.signal(number, lambda _number, _frame: None)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
