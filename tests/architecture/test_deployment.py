"""docker-compose.yml fits the services it starts, and the files beside it fit the compose file."""

import re
import shlex
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from opsledger.cli import app
from opsledger.cluster.nats import NatsServer, nats_program
from opsledger_ledger.feed.relay import Relay
from opsledger_ledger.http.access import PUBLIC
from opsledger_projections.following.nats_feed import NatsFeed
from support.eventually import eventually
from support.feeds import MemoryLedger
from support.relayed_ledgers import Broker, MemoryLog, relaying
from support.source import ROOT

_HEALTH = re.compile(r"http://127\.0\.0\.1:(?P<port>\d+)(?P<route>/\S*)'")
_HOSTS = re.compile(r"(?:https?|nats|postgresql)://(?:[^@/,\s]*@)?(?P<host>[a-z0-9-]+)(?::(\d+))?")

SERVICES = {
    "migrate": ["ledger", "migrate"],
    "ledger-1": ["ledger", "serve"],
    "ledger-2": ["ledger", "serve"],
    "relay": ["ledger", "relay"],
    "projector-1": ["projections", "serve"],
    "projector-2": ["projections", "serve"],
    "projections-1": ["projections", "serve"],
    "projections-2": ["projections", "serve"],
}
SERVING = [name for name in SERVICES if name != "migrate"]
BROKER = ["nats-1", "nats-2", "nats-3"]


def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(
        (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    )
    return document


def _options(name: str) -> dict[str, Any]:
    """Read the command of a service as the command line would; a wrong option is an error."""
    return _parsed(_document()["services"][name]["command"])


def _parsed(words: list[str]) -> dict[str, Any]:
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    given: dict[str, Any] = command.make_context("opsledger", list(words)).params
    return given


def _secrets(service: dict[str, Any]) -> set[str]:
    named = service.get("secrets", [])
    return {each if isinstance(each, str) else each["source"] for each in named}


@pytest.fixture(scope="module")
def made_secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The secrets that the script makes; giving them to other users is left out without root."""
    directory = tmp_path_factory.mktemp("deploy") / "secrets"
    script = (ROOT / "deploy/make-secrets.sh").read_text(encoding="utf-8")
    tried = script.replace("\nchown ", "\n: chown ")
    assert tried.count(": chown") == 3
    subprocess.run(["sh", "-c", tried, "make-secrets.sh", directory], check=True)
    return directory


def test_the_compose_file_starts_the_topology_for_a_company() -> None:
    """Its commands are those of the command line, beside a database and three servers of NATS."""
    services = _document()["services"]
    ours = {name: each["command"][:2] for name, each in services.items() if "build" in each}
    assert ours == SERVICES
    assert set(services) - set(ours) == {"postgres", *BROKER}


@pytest.mark.parametrize("name", SERVICES)
def test_every_command_of_the_compose_file_is_understood(name: str) -> None:
    """Its options exist, and each file they name is a secret of the service or on its volume."""
    options = _options(name)
    service = _document()["services"][name]
    places = [volume.partition(":")[2] for volume in service.get("volumes", ())]
    files = {str(each) for each in options.values() if isinstance(each, Path)}
    kept = {file for file in files if str(Path(file).parent) in places}
    assert len(kept) == len(places)
    assert files - kept == {f"/run/secrets/{secret}" for secret in _secrets(service)}
    assert "environment" not in service


def test_projectors_keep_the_parts_that_the_read_sides_serve() -> None:
    """Every part of one division has one process, and whoever only serves follows nothing."""
    read_side = {name: _options(name) for name in SERVICES if name.startswith("proj")}
    assert {name: (each["partition"], each["following"]) for name, each in read_side.items()} == {
        "projector-1": ("1/2", True),
        "projector-2": ("2/2", True),
        "projections-1": (None, False),
        "projections-2": (None, False),
    }
    assert len({each["database_schema"] for each in read_side.values()}) == 1


@pytest.mark.parametrize("page", ["growing.md", "deployment.md"])
def test_commands_in_the_pages_for_operators_are_understood(page: str) -> None:
    """Every line that starts a command of ours names commands and options that exist."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    typed = re.findall(r"^ {4,}opsledger (.+)$", text, re.MULTILINE)
    assert len(typed) == text.count("\n    opsledger ") + text.count("\n       opsledger ")
    assert typed
    for line in typed:
        _parsed(shlex.split(line))


def test_a_command_with_a_wrong_option_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads the commands refuses an option that the command line has not."""
    wrong = _document()
    wrong["services"]["relay"]["command"].append("--directories=/data")
    monkeypatch.setitem(globals(), "_document", lambda: wrong)
    with pytest.raises(Exception, match="No such option: --directories"):
        _options("relay")


@pytest.mark.parametrize("name", SERVING)
def test_a_service_of_the_compose_file_can_be_watched(name: str) -> None:
    """The health check asks the port it serves on; only loopback of the host is published."""
    service, options = _document()["services"][name], _options(name)
    watched = _HEALTH.search(service["healthcheck"]["test"][-1])
    assert watched is not None
    assert (int(watched["port"]), watched["route"] in PUBLIC) == (options["port"], True)
    assert options["host"] == "0.0.0.0"  # noqa: S104 - inside its container.
    for published in service.get("ports", []):
        address, _, inside = published.rpartition(":")
        assert address.startswith("127.0.0.1:")
        assert int(inside) == options["port"]


def test_published_ports_differ() -> None:
    """No two services ask for the same port of the host."""
    published = [
        port.rpartition(":")[0]
        for service in _document()["services"].values()
        for port in service.get("ports", [])
    ]
    assert len(published) == len(set(published)) == 4


def test_everything_that_is_named_is_declared() -> None:
    """Volumes, secrets, networks, configurations and services that others wait for exist."""
    document = _document()
    services = document["services"]
    used: dict[str, set[str]] = {"volumes": set(), "secrets": set(), "networks": set()}
    for service in services.values():
        used["volumes"] |= {each.partition(":")[0] for each in service.get("volumes", [])}
        used["secrets"] |= _secrets(service)
        used["networks"] |= set(service["networks"])
        for other, wait in service.get("depends_on", {}).items():
            ends = "service_completed_successfully" if other == "migrate" else "service_healthy"
            assert wait == {"condition": ends}
            assert ("healthcheck" in services[other]) == (other != "migrate")
    assert {kind: set(document[kind]) for kind in used} == used
    for kind in ("secrets", "configs"):
        assert all(set(each) == {"file"} for each in document[kind].values())
    assert all((ROOT / each["file"]).is_file() for each in document["configs"].values())


def test_data_is_on_volumes_and_containers_are_read_only() -> None:
    """Database, broker and ledgers keep what they keep on a volume of their own; nothing else does."""
    services = _document()["services"]
    assert {name: len(each["volumes"]) for name, each in services.items() if "volumes" in each} == {
        "postgres": 1,
        "ledger-1": 1,
        "ledger-2": 1,
        "nats-1": 1,
        "nats-2": 1,
        "nats-3": 1,
    }
    assert all(each["read_only"] for each in services.values())


@pytest.mark.parametrize("name", SERVICES)
def test_addresses_in_the_commands_are_services(name: str, made_secrets: Path) -> None:
    """Inside the network of the containers, each is known by the name of its service."""
    document = _document()
    service = document["services"][name]
    texts = [*service["command"]]
    texts += [(made_secrets / secret).read_text("latin-1") for secret in _secrets(service)]
    hosts = {found["host"] for text in texts for found in _HOSTS.finditer(text)}
    assert hosts <= set(document["services"])
    assert hosts


def test_the_script_makes_every_secret(made_secrets: Path) -> None:
    """It makes exactly the files that the compose file names, each readable by one user only."""
    document = _document()
    named = {Path(each["file"]).name for each in document["secrets"].values()}
    assert {path.name for path in made_secrets.iterdir()} == named
    assert {stat.S_IMODE(path.stat().st_mode) for path in made_secrets.iterdir()} == {0o400}
    assert stat.S_IMODE(made_secrets.stat().st_mode) == 0o700
    assert len((made_secrets / "personal_key").read_bytes()) == 32
    roles = (made_secrets / "postgres_roles").read_text(encoding="utf-8")
    for role in ("ledger_owner", "ledger_service", "views_owner"):
        url = (made_secrets / f"{role}_url").read_text(encoding="utf-8")
        password = url.partition(f"{role}:")[2].partition("@")[0]
        assert f"CREATE ROLE {role} LOGIN PASSWORD '{password}';" in roles
        assert len(password) == 48
    given = (ROOT / "deploy/make-secrets.sh").read_text(encoding="utf-8").partition("\nchown ")[2]
    assert all(name in given for name in named)


def test_the_script_leaves_secrets_alone_that_exist(tmp_path: Path) -> None:
    """A second run does nothing: passwords that are in use are not lost."""
    ran = subprocess.run(
        ["sh", ROOT / "deploy/make-secrets.sh", tmp_path], capture_output=True, check=False
    )
    assert ran.returncode != 0
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def broker(made_secrets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """One server with the users of the deployment."""
    directory = tmp_path_factory.mktemp("nats")
    server = NatsServer(directory, "nats-1")
    shutil.copy(made_secrets / "nats_users", directory)
    configuration = directory / "nats-1.conf"
    configuration.write_text(configuration.read_text("utf-8") + 'include "nats_users"\n', "utf-8")
    with server:
        yield server


def _url(broker: NatsServer, secret: Path) -> str:
    """The address of a user, at the server of the test."""
    user = secret.read_text("utf-8").split(",")[0].removeprefix("nats://").partition("@")[0]
    return broker.url.replace("nats://", f"nats://{user}@")


def test_the_brokers_configuration_is_read_by_the_broker(
    made_secrets: Path, tmp_path: Path
) -> None:
    """The server accepts the file with the users beside it, as they lie in the container."""
    (tmp_path / "etc/nats").mkdir(parents=True)
    (tmp_path / "run/secrets").mkdir(parents=True)
    shutil.copy(ROOT / "deploy/nats.conf", tmp_path / "etc/nats")
    shutil.copy(made_secrets / "nats_users", tmp_path / "run/secrets")
    tried = subprocess.run(
        [nats_program(), "-t", "-c", tmp_path / "etc/nats/nats.conf"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 0, tried.stderr
    services = _document()["services"]
    routes = re.findall(r"nats://([a-z0-9-]+):6222", (ROOT / "deploy/nats.conf").read_text("utf-8"))
    assert routes == BROKER
    assert all(services[name]["command"][-1] == name for name in BROKER)


def test_users_of_the_broker_may_do_their_work_and_no_more(
    broker: NatsServer, made_secrets: Path
) -> None:
    """The relay makes and fills the stream; the read side reads it; neither deletes it."""
    log = MemoryLog()
    log.append(20)
    relay, reader = (
        _url(broker, made_secrets / name) for name in ("nats_relay_url", "nats_reader_url")
    )
    running = Relay(log, relay, "opsledger", replicas=1)
    with relaying(running):
        eventually(lambda: running.state.position == 20)
    feed = NatsFeed(reader, "opsledger", MemoryLedger())
    assert [fed.position for fed in feed.page(0, 100, 5)] == list(range(1, 21))
    feed.close()

    for user in (relay, reader, broker.url):
        assert Broker(user).refused("$JS.API.STREAM.DELETE.opsledger"), user
    assert Broker(reader).refused("opsledger.letter.signed.v1")
    feed = NatsFeed(reader, "opsledger", MemoryLedger())
    assert len(feed.page(0, 100, 5)) == 20
    feed.close()
