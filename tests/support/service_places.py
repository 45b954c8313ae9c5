"""Where the services of a story keep what they keep: directories, or a database."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from opsledger.cluster.postgres import PostgresServer
from support.databases import new_schema
from support.log_places import PostgresPlace

ON_EACH_DATABASE = ["sqlite", "postgres"]
"""Parameters of a fixture that runs both services on each database."""


@dataclass(frozen=True)
class ServicePlaces:
    """What tells `opsledger ledger serve` and `opsledger projections serve` their places."""

    ledger: tuple[str | Path, ...]
    views: tuple[str | Path, ...]


def service_places(request: pytest.FixtureRequest, folder: Path) -> ServicePlaces:
    """Make new places on the database that a fixture has as its parameter."""
    if request.param == "sqlite":
        return ServicePlaces(("--directory", folder / "ledger"), ("--directory", folder / "views"))
    server: PostgresServer = request.getfixturevalue("postgres_server")
    schema = new_schema(server)
    place = PostgresPlace(schema, folder / "personal.key")
    place.migrate()
    service, views = folder / "service.url", folder / "views.url"
    service.write_text(schema.service_url, encoding="utf-8")
    views.write_text(schema.views_url, encoding="utf-8")
    return ServicePlaces(
        (
            *("--database-url-file", service, "--database-schema", schema.name),
            *("--personal-key-file", place.personal_key_file),
        ),
        ("--database-url-file", views, "--database-schema", f"{schema.name}_views"),
    )
