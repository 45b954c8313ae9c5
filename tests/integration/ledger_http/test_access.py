"""Who gets in: every route with every scope, and every way not to be somebody (default is deny)."""

import hashlib
from collections.abc import Iterator
from typing import get_args

import pytest

from opsledger_contracts.catalogue import NOUNS
from opsledger_contracts.events.credential import Scope
from opsledger_ledger.domain.deciding import COMMANDS
from opsledger_ledger.http import access
from opsledger_ledger.http.app import create_app
from support.ledger_service import Caller, Served, served

SCOPES: tuple[str, ...] = get_args(Scope)
READS = {
    "/v1/events": "/v1/events?limit=1",
    "/v1/events/stream": "/v1/events/stream?after=x",
    "/v1/events/{position}": "/v1/events/1",
    "/v1/streams/{noun}/{id}": "/v1/streams/ledger/ledger",
    "/v1/head": "/v1/head",
    "/v1/proofs/inclusion": "/v1/proofs/inclusion?position=1",
    "/v1/proofs/consistency": "/v1/proofs/consistency?from=1",
    "/v1/tiles/{path}": "/v1/tiles/0/000.p/1",
    "/v1/verify": "/v1/verify?unknown=1",
    "/metrics": "/metrics",
}
"""A request for each read; the endless ones are asked wrongly, which is told after the scope."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A ledger with a person for each scope."""
    with served(tmp_path_factory.mktemp("ledger")) as running:
        for scope in SCOPES:
            running.administrator.caller(f"of-{scope}", [scope])
        yield running


def with_scope(service: Served, scope: str) -> Caller:
    """The caller who has this scope and no other."""
    return service.administrator.others[SCOPES.index(scope)]


@pytest.mark.parametrize("scope", SCOPES)
def test_a_command_takes_its_own_scope_only(service: Served, scope: str) -> None:
    """One request for every command: forbidden with any other scope than the declared one."""
    caller = with_scope(service, scope)
    for entry in COMMANDS.values():
        path = f"/v1/{NOUNS[entry.noun].plural}/X-1/{entry.verb}"
        # The missing key is noticed only after the scope has been found good.
        answer = caller.client.post(path, content=b"{}")
        expected = "idempotency_key_missing" if entry.scope == scope else "scope_missing"
        assert (path, answer.json()["code"]) == (path, expected)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("route", READS)
def test_a_read_takes_the_scopes_of_the_policy(service: Served, route: str, scope: str) -> None:
    """Every read with every scope."""
    answer = with_scope(service, scope).get(READS[route])
    allowed = scope in access.READS[route]
    assert (answer.status_code != 403) == allowed
    if not allowed:
        assert answer.json()["code"] == "scope_missing"


def test_every_route_has_its_place_in_the_policy(service: Served) -> None:
    """A route that is neither a command, nor a read of the policy, nor public, does not exist."""
    routes = {
        getattr(route, "path", "").replace("{path:path}", "{path}")
        for route in create_app(service.ledger).routes
    }
    assert routes == {"/v1/{plural}/{id}/{verb}"} | access.READS.keys() | access.PUBLIC
    assert READS.keys() == access.READS.keys()


def test_an_administrator_reads_no_payload() -> None:
    """Administrators have no business rights, operators see no payload."""
    for route in ("/v1/events", "/v1/events/stream", "/v1/events/{position}"):
        assert access.READS[route].isdisjoint({"administrator", "operator"})


@pytest.mark.parametrize("route", [*READS.values(), "/v1/units/X/register"])
def test_nobody_gets_nowhere_without_a_key(service: Served, route: str) -> None:
    """Reads and commands answer 401 and say how to ask."""
    client = service.administrator.client
    method = "POST" if route.endswith("register") else "GET"
    request = client.build_request(method, route)
    del request.headers["Authorization"]
    answer = client.send(request)
    assert (answer.status_code, answer.json()["code"]) == (401, "credential_missing")


@pytest.mark.parametrize(
    "header",
    [
        "Basic YWRtaW46YWRtaW4=",
        "Bearer administrator",
        "Bearer opl_administrator",
        f"Bearer opl_administrator_{'x' * 43}",
        f"Bearer opl_nobody_{'x' * 43}",
        f"Bearer opl_administrator_{'x' * 129}",
        "Bearer opl_administrator_",
    ],
)
def test_a_wrong_key_opens_nothing(service: Served, header: str) -> None:
    """Unknown, wrong and ill-formed keys get one and the same answer."""
    answer = service.administrator.get("/v1/head", Authorization=header)
    assert (answer.status_code, answer.json()["code"]) == (401, "credential_invalid")
    assert answer.json()["facts"] == {}


def test_an_expired_key_opens_nothing(service: Served) -> None:
    """The ledger's clock decides."""
    administrator = service.administrator
    administrator.post("/v1/persons/E/register", {"name": "E"})
    secret = "s" * 32
    body = {
        "person": "E",
        "title": "brief",
        "scopes": ["auditor"],
        "secret_hash": hashlib.sha256(secret.encode()).hexdigest(),
        "expires_at": "2999-01-01T00:00:00.000000Z",
    }
    administrator.post("/v1/credentials/E/issue", body)
    token = f"Bearer opl_E_{secret}"
    assert administrator.get("/v1/head", Authorization=token).status_code == 200
    state = service.ledger.credentials.verified("E", secret, "2998-12-31T23:59:59.999999Z")
    assert not state.valid_at("2999-01-01T00:00:00.000000Z")


@pytest.mark.parametrize("route", ["/healthz", "/readyz", "/openapi.json", "/docs"])
def test_public_routes_take_no_key(service: Served, route: str) -> None:
    """They tell nothing about what is recorded."""
    client = service.administrator.client
    request = client.build_request("GET", route)
    del request.headers["Authorization"]
    assert client.send(request).status_code == 200


def test_the_policy_is_in_every_entry(service: Served) -> None:
    """An act can be judged later by the policy under which it was let in."""
    last = service.ledger.log.entries(0, 1)[0]
    assert f'"policyhash":"{access.policy_hash()}"'.encode() in last.entry


def test_the_policy_hash_changes_with_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any change of a scope is another policy."""
    before = access.policy_hash()
    monkeypatch.setitem(access.READS, "/metrics", frozenset(("auditor",)))
    assert access.policy_hash() != before
