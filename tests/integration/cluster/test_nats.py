"""NATS servers as plain processes: what becomes of those that do not start, stop, or lead."""

import socket
from pathlib import Path

import pytest

from opsledger.cluster import nats
from opsledger.cluster.errors import ExtraMissing, ProcessNotReady
from opsledger.cluster.nats import NatsCluster, NatsServer
from opsledger.cluster.ports import LOOPBACK, free_ports


def test_a_server_that_ends_at_its_start_is_told_with_its_log(tmp_path: Path) -> None:
    """Where somebody else has its port, the error names the server and where it says why."""
    server = NatsServer(tmp_path, "nats-1")
    with (
        socket.create_server((LOOPBACK, server.port)),
        pytest.raises(ProcessNotReady, match=r"nats-1 ended; see .*nats-1\.log"),
    ):
        server.start()
    assert "address already in use" in server.log.read_text(encoding="utf-8")
    assert not server.running()
    assert server.process_id is None


def test_a_server_without_the_others_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of three has no majority; a cluster that does not come about is stopped again."""
    cluster = NatsCluster(tmp_path, 3)
    alone, *others = cluster.servers
    alone.start(wait=False)
    with pytest.raises(ProcessNotReady, match=r"was not ready after 0\.2 s"):
        alone.wait_ready(0.2)
    assert alone.running()
    alone.stop()
    assert not alone.running()

    monkeypatch.setattr(nats, "nats_program", lambda: Path("/bin/false"))
    with pytest.raises(ProcessNotReady, match="ended"), cluster:
        raise AssertionError(others)


def test_a_server_that_does_not_listen_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop has a bound: what does not end by itself is ended."""
    program = tmp_path / "deaf"
    program.write_text("#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 0.1; done\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(nats, "nats_program", lambda: program)
    monkeypatch.setattr(nats, "STOP_S", 0.2)
    server = NatsServer(tmp_path / "store", "nats-1")
    server.stop()
    server.start(wait=False)
    assert server.running()
    server.stop()
    assert not server.running()


def test_nobody_leads_a_stream_that_is_not_there(tmp_path: Path) -> None:
    """The look for a leader ends; a server that is down leads nothing."""
    with NatsCluster(tmp_path, 1) as cluster:
        with pytest.raises(LookupError, match="unknown"):
            cluster.leader("unknown", 0.1)
        server = cluster.servers[0]
        server.kill()
        assert server.leaders() == {}
        with server:
            assert server.healthy()


def test_the_program_comes_with_its_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found by the wheel that brought it; a wheel without it counts as not installed."""
    assert nats.nats_program().name.startswith("nats-server")
    monkeypatch.setattr(nats, "DISTRIBUTION", "pytest")
    with pytest.raises(ExtraMissing, match="cluster"):
        nats.nats_program()


def test_ports_are_free_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that somebody listens on is not given, and no port twice."""
    ports = free_ports(50)
    assert len(set(ports)) == 50
    monkeypatch.setattr("opsledger.cluster.ports.COUNT", 1)
    monkeypatch.setattr("opsledger.cluster.ports.FIRST", ports[0])
    with socket.create_server((LOOPBACK, ports[0])), pytest.raises(OSError, match="no 1 free"):
        free_ports(1)
