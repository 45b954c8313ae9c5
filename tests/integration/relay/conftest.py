"""A broker of three servers, started once for the tests of a process that need one."""

from collections.abc import Iterator

import pytest

from opsledger.cluster.nats import NatsCluster
from support.relayed_ledgers import Broker


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    """Three servers; a test that kills one starts it again."""
    with NatsCluster(tmp_path_factory.mktemp("nats"), 3) as started:
        yield started


@pytest.fixture
def broker(cluster: NatsCluster) -> Broker:
    """The broker as its operator sees it."""
    return Broker(cluster.url)


@pytest.fixture
def stream(request: pytest.FixtureRequest, broker: Broker) -> Iterator[str]:
    """The name of a stream of the test's own, which is gone after it."""
    name = f"s{abs(hash(request.node.nodeid)) % 10**9}"
    yield name
    broker.delete(name)
