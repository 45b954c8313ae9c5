"""The relay on a real broker: what stands in the stream, and when it refuses to add to one."""

from pathlib import Path

import pytest

from opsledger.cluster.nats import NatsCluster
from opsledger_ledger.errors import StreamForeign, StreamUnfit
from opsledger_ledger.feed.relay import Relay
from support.eventually import eventually
from support.relayed_ledgers import Broker, MemoryLog, RunningRelay, copy_violations, relaying

ENDED_S = 30.0


def _ended(relay: RunningRelay) -> BaseException | None:
    eventually(lambda: not relay.running, ENDED_S)
    return relay.failure


def test_the_stream_is_the_ledger_position_by_position(
    cluster: NatsCluster, broker: Broker, stream: str
) -> None:
    """Entries recorded before and after the relay starts stand under their positions, unchanged."""
    log = MemoryLog()
    log.append(2_500)
    relay = Relay(log, cluster.url, stream)
    with relaying(relay):
        broker.wait_for(stream, 2_500)
        log.append(1)
        broker.wait_for(stream, 2_501)
        eventually(lambda: relay.state.position == 2_501)
        assert (relay.state.following, relay.state.lag, relay.state.head) == (True, 0, 2_501)

    assert copy_violations(broker.messages(stream), log) == []


def test_large_entries_go_in_batches_that_the_broker_takes(
    cluster: NatsCluster, broker: Broker, stream: str
) -> None:
    """Entries of the greatest size are relayed too: batches are bounded in bytes as well."""
    log = MemoryLog()
    log.append(200, size=64 * 1024)
    with relaying(Relay(log, cluster.url, stream)):
        broker.wait_for(stream, 200)

    assert copy_violations(broker.messages(stream), log) == []


def test_two_relays_at_once_double_nothing(
    cluster: NatsCluster, broker: Broker, stream: str
) -> None:
    """Whoever is late is refused whole and looks where the stream ends."""
    log = MemoryLog()
    log.append(2_000)
    with relaying(Relay(log, cluster.url, stream)), relaying(Relay(log, cluster.url, stream)):
        for _ in range(20):
            log.append(150)
        broker.wait_for(stream, 5_000)

    assert copy_violations(broker.messages(stream), log) == []


def test_a_relay_that_finds_another_ledgers_copy_stops(
    cluster: NatsCluster, broker: Broker, stream: str
) -> None:
    """It adds nothing to a stream that holds other entries, or more than the ledger has."""
    other = MemoryLog("other")
    other.append(10)
    with relaying(Relay(other, cluster.url, stream)):
        broker.wait_for(stream, 10)

    for own_entries, reason in ((20, "holds another entry"), (5, "ends at 10, the ledger at 5")):
        log = MemoryLog()
        log.append(own_entries)
        with relaying(Relay(log, cluster.url, stream)) as relay:
            failure = _ended(relay)
        assert isinstance(failure, StreamForeign)
        assert reason in str(failure)
    assert copy_violations(broker.messages(stream), other) == []


def test_a_message_that_somebody_else_added_stops_the_relay(
    cluster: NatsCluster, broker: Broker, stream: str
) -> None:
    """A relay under way meets a foreign message at the end of its stream and does not go on."""
    log = MemoryLog()
    log.append(3)
    with relaying(Relay(log, cluster.url, stream)) as relay:
        broker.wait_for(stream, 3)
        broker.publish(f"{stream}.letter.signed.v1", b"not an entry of this ledger")
        log.append(2)
        failure = _ended(relay)

    assert isinstance(failure, StreamForeign)
    assert broker.last(stream) == 4


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"deny_delete": False}, "deny_delete"),
        ({"deny_purge": False}, "deny_purge"),
        ({"allow_atomic": False}, "allow_atomic"),
        ({"allow_direct": False}, "allow_direct"),
        ({"discard": "old"}, "discard"),
        ({"max_msgs": 100}, "max_msgs"),
        ({"max_age": 3_600_000_000_000}, "max_age"),
        ({"retention": "interest"}, "retention"),
        ({"storage": "memory"}, "storage"),
        ({"subjects": ["elsewhere.>"]}, "subjects"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_stream_that_may_lose_messages_is_refused(
    cluster: NatsCluster, broker: Broker, stream: str, config: dict[str, object], reason: str
) -> None:
    """A stream made by hand must keep every message, or the relay does not begin."""
    fit = {
        "subjects": [f"{stream}.>"],
        "retention": "limits",
        "storage": "file",
        "discard": "new",
        "deny_delete": True,
        "deny_purge": True,
        "allow_atomic": True,
        "allow_direct": True,
    }
    broker.create(stream, **(fit | config))
    log = MemoryLog()
    log.append(1)
    with relaying(Relay(log, cluster.url, stream)) as relay:
        failure = _ended(relay)

    assert isinstance(failure, StreamUnfit)
    assert reason in str(failure)
    assert broker.last(stream) == 0


def test_more_replicas_than_servers_are_refused(tmp_path: Path) -> None:
    """On a server that stands alone the relay has to be told so; one replica works there."""
    log = MemoryLog()
    log.append(5)
    with NatsCluster(tmp_path, 1) as alone:
        with relaying(Relay(log, alone.url, "opsledger")) as relay:
            failure = _ended(relay)
        assert isinstance(failure, StreamUnfit)
        assert "3 replicas" in str(failure)

        with relaying(Relay(log, alone.url, "opsledger", replicas=1)):
            Broker(alone.url).wait_for("opsledger", 5)
        assert copy_violations(Broker(alone.url).messages("opsledger"), log) == []


def test_a_broker_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    """The relay says why it does not follow, and goes on by itself once the broker is back."""
    log = MemoryLog()
    log.append(5)
    with NatsCluster(tmp_path, 1) as alone:
        server = alone.servers[0]
        server.kill()
        relay = Relay(log, alone.url, "opsledger", replicas=1)
        with relaying(relay):
            eventually(lambda: relay.state.reason not in {"", "not connected yet"}, ENDED_S)
            assert not relay.state.following
            server.restart()
            Broker(alone.url).wait_for("opsledger", 5)
            eventually(lambda: relay.state.following)
