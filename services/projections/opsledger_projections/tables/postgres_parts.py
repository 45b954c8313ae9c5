"""Tables on PostgreSQL that several processes keep together: each a part, others only read.

A process that follows the ledger for one part has the tables open as `PostgresPart`, and writes only
as long as they are the served generation. A process that serves readers has them open as
`PostgresReading`, which writes nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opsledger_projections.errors import PartsDiffer, TablesReplaced
from opsledger_projections.tables.postgres import PostgresTables
from opsledger_projections.tables.postgres_connections import Connection
from opsledger_projections.views.view import View


def generation_schema(schema: str, generation: int) -> str:
    """Name the schema of a generation of tables."""
    return f"{schema}_{generation}"


def served_lock(schema: str) -> str:
    """Name the lock that every batch of a part shares, and a switch has alone."""
    return f"opsledger-projections:{schema}:served"


class PostgresReading(PostgresTables):
    """The tables as somebody has them open who only reads; any number of processes may.

    Raises:
        TablesUnwritable: the database is not there, or does not let us make the tables.

    """

    def __init__(self, url: str, schema: str, generation: int, views: Sequence[View]) -> None:
        self.generation = generation
        super().__init__(url, generation_schema(schema, generation), views)

    def _locks(self) -> Iterator[tuple[str, bool]]:
        yield self.open_name, True


class PostgresPart(PostgresTables):
    """The tables as one part, such as `2/3`, has them open: for itself alone, and while served.

    Tables that are whole are divided by the first part that opens them.

    Raises:
        PartsDiffer: they are divided into another number of parts.
        TablesInUse: another process has the part, or the whole tables, open.
        TablesReplaced: another generation is served.
        TablesUnwritable: the database is not there, or does not let us make the tables.

    """

    def __init__(
        self, url: str, schema: str, generation: int, views: Sequence[View], part: str
    ) -> None:
        self._served_schema = schema
        self.generation = generation
        super().__init__(url, generation_schema(schema, generation), views, part)

    def _locks(self) -> Iterator[tuple[str, bool]]:
        # Who writes the whole tables has the first of these alone.
        yield f"{self._lock_name}:", True
        yield from super()._locks()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with super()._transaction() as writer:
            writer.execute(
                "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))",
                (served_lock(self._served_schema),),
            )
            found = writer.execute(
                f"SELECT generation FROM {self._served_schema}.served".encode()
            ).fetchone()
            if found is not None and found[0] != self.generation:
                self.replaced = True
                raise TablesReplaced(f"generation {found[0]} is served, not {self.generation}")
            yield writer

    def _make(self, writer: Connection) -> None:
        super()._make(writer)
        if self.stale:
            return
        _, count = self._part.split("/")
        found = writer.execute("SELECT part FROM progress").fetchall()
        parts = {part for (part,) in found if part}
        if not parts:
            self._divide(writer, int(count))
        elif self._part not in parts:
            raise PartsDiffer(found=len(parts), expected=int(count))

    def index(self) -> None:
        """Build the indexes that only readers need, which one part does for all."""
        if self._part.startswith("1/"):
            super().index()
