"""docker-compose.yml fits the services it starts."""

import re
from typing import Any

import pytest
import typer.main
import yaml

from opsledger.cli import app
from opsledger_ledger.http.access import PUBLIC
from support.source import ROOT

_HEALTH = re.compile(r"http://127\.0\.0\.1:(?P<port>\d+)(?P<route>/\S*)'")


def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(
        (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    )
    return document


def _options(name: str) -> dict[str, Any]:
    """Read the command of a service as the command line would; a wrong option is an error."""
    program, verb, *options = _document()["services"][name]["command"]
    group = typer.main.get_command(app).commands[program]  # type: ignore[attr-defined]
    context = group.commands[verb].make_context(verb, list(options))
    given: dict[str, Any] = context.params
    return given


def test_the_compose_file_starts_exactly_the_two_services() -> None:
    """Its commands are those of the command line, one for each service."""
    services = _document()["services"]
    assert {name: service["command"][:2] for name, service in services.items()} == {
        "ledger": ["ledger", "serve"],
        "projections": ["projections", "serve"],
    }


@pytest.mark.parametrize("name", ["ledger", "projections"])
def test_the_compose_file_describes_a_service_that_can_be_watched(name: str) -> None:
    """Data is on a volume, secrets come from files, the health check asks the port it serves on."""
    document = _document()
    service, options = document["services"][name], _options(name)

    port = options["port"]
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    watched = _HEALTH.search(service["healthcheck"]["test"][-1])
    assert watched is not None
    assert (int(watched["port"]), watched["route"] in PUBLIC) == (port, True)
    (volume,) = service["volumes"]
    assert volume.partition(":")[0] in document["volumes"]
    assert volume.partition(":")[2] == str(options["directory"])
    key_file = options["personal_key_file" if name == "ledger" else "key_file"]
    assert [str(key_file)] == [f"/run/secrets/{secret}" for secret in service["secrets"]]
    assert all("file" in document["secrets"][secret] for secret in service["secrets"])
    assert "environment" not in service


def test_the_projections_ask_the_ledger_where_it_listens() -> None:
    """Inside the network of the containers, the ledger is known by the name of its service."""
    ledger, projections = _options("ledger"), _options("projections")
    assert ledger["host"] == "0.0.0.0"  # noqa: S104 - inside its container.
    assert projections["ledger_url"] == f"http://ledger:{ledger['port']}"
