"""Whatever bytes come as the body of a command, the answer is a refusal with a known code (P13)."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsledger_contracts.problems.refusal import REFUSALS
from opsledger_ledger.http.openapi import description
from opsledger_ledger.http.problems import MEDIA_TYPE
from opsledger_ledger.recording.verification import verify
from support.fault_counts import count
from support.in_process import InProcess, in_process

pytestmark = pytest.mark.timeout(3600)

BODIES: Final[dict[str, dict[str, Any]]] = {
    path: operations["post"]["requestBody"]["content"]["application/json"]["examples"]["example"][
        "value"
    ]
    for path, operations in description()["paths"].items()
    if "post" in operations
}
"""Every route of a command, with a body that has the right shape."""

CASES: Final = count(5_000, 100_000)
SPOT: Final = "the spot"
TOKENS: Final = (
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e999",
    b"-1e999",
    b"1.5",
    b"-0",
    b"0.1e-400",
    b"01",
    b"1" * 5_000,
    b"-" + b"9" * 5_000,
    b"9007199254740992",
    b'"\\ud800"',
    b'"\\udfff\\ud800"',
    b'"\\u0000"',
    b'"\xed\xa0\x80"',
    b'"\xff"',
    b'"\x00"',
    b'"\\x"',
    b'"' + b"9" * 5_000 + b'"',
    b'"' + "长".encode() * 30_000 + b'"',
    b'"1E400"',
    b'"-0"',
    b'"NaN"',
    b'"0000-00-00"',
    b'"9999-12-31"',
    b'"0001-01-01T00:00:00.000000Z"',
    b'"9999-12-31T23:59:59.999999Z"',
    b'"2026-02-30"',
    b'"../../etc"',
    b'"unit/HQ"',
    '"\u202e\u2028"'.encode(),
    b'""',
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"[" * 10_000 + b"]" * 10_000,
    b'{"a":' * 40 + b"1" + b"}" * 40,
    b'{"\\ud800":1}',
    b'{"a":1,"a":2}',
    b"[" + b"{}," * 5_000 + b"{}]",
)
"""JSON texts, and some that only look like it, to stand where a value belongs."""


BEFORE_RULES: Final = frozenset(
    (
        "body_malformed",
        "credential_invalid",
        "credential_missing",
        "field_invalid",
        "function_missing",
        "media_type_unsupported",
        "position_required",
        "scope_missing",
    )
)
"""Codes with which a command is refused before any rule of its own is asked."""


class Case(NamedTuple):
    """One request."""

    path: str
    body: bytes
    media_type: str


def spots(value: Any) -> Iterator[Any]:
    """Yield a copy of a value for each place in it, with a mark at that place."""
    yield SPOT
    if isinstance(value, dict):
        for key, member in value.items():
            for marked in spots(member):
                yield value | {key: marked}
    elif isinstance(value, list):
        for number, member in enumerate(value[:2]):
            for marked in spots(member):
                yield [*value[:number], marked, *value[number + 1 :]]


def written(value: Any, token: bytes) -> bytes:
    """Write a value with a token in the place of the mark."""
    text = json.dumps(value, ensure_ascii=False).encode()
    return text.replace(json.dumps(SPOT).encode(), token)


SPOTS: Final = {
    path: list(spots({"reason": "补登", "occurred_at": "2026-01-01T00:00:00.000000Z"} | body))
    for path, body in BODIES.items()
}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
tokens = st.sampled_from(TOKENS) | json_values.map(lambda value: json.dumps(value).encode())


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a route, and a body that is right but for one thing, or hardly at all."""
    route = draw(st.sampled_from(sorted(BODIES)))
    path = route.replace("{id}", draw(st.sampled_from(("X-1", "X-2", "HQ", "POST", "all"))))
    body = written(BODIES[route], b"")
    media_type = "application/json"
    match draw(st.integers(0, 9)):
        case 0:
            pass
        case 1:
            body = body[: draw(st.integers(0, len(body)))]
        case 2:
            encoding = draw(st.sampled_from(("utf-16", "utf-32", "utf-8-sig", "gb18030")))
            body = body.decode().encode(encoding)
        case 3:
            place = draw(st.integers(0, len(body)))
            body = body[:place] + draw(st.binary(max_size=6)) + body[place + 1 :]
        case 4:
            body = b'{"reason":"1",' + body[1:-1] + b',"reason":"2"}'
        case 5:
            body = draw(st.binary(max_size=40) | tokens)
        case 6:
            media_type = draw(
                st.sampled_from(("text/plain", "application/json; charset=utf-16", "a/b/c;;"))
            )
        case _:
            body = written(draw(st.sampled_from(SPOTS[route])), draw(tokens))
    return Case(path, body, media_type)


def wrong(inside: InProcess, case: Case) -> list[str]:
    """Send a request; names what must not be in its answer or its effect."""
    before = inside.ledger.log.head()
    answer = inside.post(case.path, case.body, Content_Type=case.media_type)
    after = inside.ledger.log.head()
    found = []
    if answer.is_success:
        positions = answer.json()["positions"]
        if positions != list(range(before.position + 1, after.position + 1)):
            found.append(f"accepted at {positions}, the head is at {after.position}")
        return found
    if answer.status_code >= 500:
        found.append(f"status {answer.status_code}: {answer.text}")
    if answer.headers["Content-Type"] != MEDIA_TYPE:
        found.append(f"content type {answer.headers['Content-Type']}")
    elif answer.json()["code"] not in REFUSALS:
        found.append(f"code {answer.json()['code']}")
    if after != before:
        found.append(f"refused, and the head went from {before.position} to {after.position}")
    return found


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """One ledger for all cases; what some of them record makes others go further."""
    with in_process(tmp_path_factory.mktemp("ledger")) as opened:
        yield opened


def test_the_bodies_reach_the_rules(inside: InProcess) -> None:
    """Unmutated, they get past reading and identity; else the mutations would prove little."""
    read = set()
    for route, body in BODIES.items():
        answer = inside.post(route.replace("{id}", "X-9"), json.dumps(body).encode())
        if answer.is_success or answer.json()["code"] not in BEFORE_RULES:
            read.add(route)
    assert set(BODIES) - read == set()


@settings(max_examples=CASES // 4, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_a_mutated_body_is_refused_or_recorded_whole(inside: InProcess, case: Case) -> None:
    """Never a server error, never a partial write, always a problem document with a known code."""
    assert wrong(inside, case) == []


def test_every_bad_token_is_refused_on_every_route(inside: InProcess) -> None:
    """Each route meets bad values in all places of its body; the ledger is sound afterwards (P13).

    Together with the drawn cases these make the count that is promised.
    """
    chance = random.Random(CASES)
    routes = sorted(SPOTS)
    for number in range(CASES - CASES // 4):
        route = routes[number % len(routes)]
        body = written(chance.choice(SPOTS[route]), chance.choice(TOKENS))
        case = Case(route.replace("{id}", f"X-{number % 3}"), body, "application/json")
        assert wrong(inside, case) == [], case
    assert list(verify(inside.ledger.log)) == []


def test_a_stock_reader_of_bodies_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a reader that takes what the standard one takes, the same check finds faults (P13)."""
    monkeypatch.setattr("opsledger_ledger.http.commands.read_object", json.loads)
    with in_process(tmp_path) as opened:
        bodies = (
            written(BODIES["/v1/units/{id}/register"] | {"reason": SPOT}, token) for token in TOKENS
        )
        assert any(
            each.startswith("status 500")
            for body in bodies
            for each in wrong(opened, Case("/v1/units/S-1/register", body, "application/json"))
        )
