"""The strict reader of bodies: whatever is ambiguous is refused, and never with a 5xx (P13)."""

import json
from collections.abc import Iterator
from contextlib import suppress

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger_contracts.problems.general import BodyMalformed, FieldInvalid
from opsledger_ledger.http.body import read_object
from support.ledger_service import GROUP, Served, served

PATH = "/v1/units/X1/register"
GOOD = json.dumps(GROUP).encode()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One ledger for the whole module; nothing here is ever recorded."""
    with served(tmp_path_factory.mktemp("ledger")) as running:
        yield running


def send(service: Served, body: bytes, **headers: str) -> httpx2.Response:
    """Send raw bytes as a command."""
    named = {"Content-Type": "application/json", "Idempotency-Key": "raw"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return service.administrator.client.post(PATH, content=body, headers=named)


def nested(levels: int) -> bytes:
    """A body of so many levels, its own object included."""
    return b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


REFUSED = {
    "not UTF-8": (b'{"name":"\xff"}', 400, "body_malformed"),
    "UTF-16": ('{"name":"x"}'.encode("utf-16"), 400, "body_malformed"),
    "byte order mark": (b"\xef\xbb\xbf{}", 400, "body_malformed"),
    "cut short": (GOOD[:-1], 400, "body_malformed"),
    "more after the end": (GOOD + b"{}", 400, "body_malformed"),
    "an array": (b"[]", 400, "body_malformed"),
    "a text": (b'"x"', 400, "body_malformed"),
    "only blanks": (b"  ", 400, "body_malformed"),
    "a key twice": (b'{"name":"a","name":"b"}', 400, "body_malformed"),
    "a key twice inside": (b'{"evidence":[{"a":1,"a":1}]}', 400, "body_malformed"),
    "a key twice by escape": (b'{"a":1,"\\u0061":1}', 400, "body_malformed"),
    "a fraction": (b'{"a":1.0}', 400, "body_malformed"),
    "an exponent": (b'{"a":1e3}', 400, "body_malformed"),
    "NaN": (b'{"a":NaN}', 400, "body_malformed"),
    "infinity": (b'{"a":-Infinity}', 400, "body_malformed"),
    "1e999": (b'{"a":1e999}', 400, "body_malformed"),
    "2^53": (b'{"a":9007199254740992}', 400, "body_malformed"),
    "-2^53": (b'{"a":-9007199254740992}', 400, "body_malformed"),
    "5000 digits": (b'{"a":' + b"9" * 5000 + b"}", 400, "body_malformed"),
    "a leading zero": (b'{"a":01}', 400, "body_malformed"),
    "NUL": (b'{"name":"\\u0000"}', 400, "body_malformed"),
    "NUL raw": (b'{"name":"\x00"}', 400, "body_malformed"),
    "NUL in a key": (b'{"na\\u0000me":1}', 400, "body_malformed"),
    "a lone surrogate": (b'{"name":"\\ud800"}', 400, "body_malformed"),
    "surrogates reversed": (b'{"name":"\\udc00\\ud800"}', 400, "body_malformed"),
    "a key not in ASCII": ('{"名称":1}'.encode(), 400, "body_malformed"),
    "33 levels": (nested(33), 400, "body_malformed"),
    "10000 levels": (nested(10_000), 400, "body_malformed"),
    "a line break in a text": (b'{"name":"a\nb"}', 400, "body_malformed"),
    "a single quote": (b"{'name':1}", 400, "body_malformed"),
    "no such day": (b'{"valid_from":"2026-02-30"}', 422, "field_invalid"),
    "no such moment": (b'{"occurred_at":"2026-01-01T25:00:00.000000Z"}', 422, "field_invalid"),
    "the last year": (b'{"occurred_at":"9999-12-31T23:00:00.000000Z"}', 422, "field_invalid"),
    "the first year": (b'{"valid_from":"0001-01-01"}', 422, "field_invalid"),
    "32 levels, unknown field": (nested(32), 422, "field_invalid"),
    "2^53-1, unknown field": (b'{"a":9007199254740991}', 422, "field_invalid"),
    "empty": (b"", 422, "field_invalid"),
}


@pytest.mark.parametrize(("body", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_a_body_that_is_not_strict_is_refused(
    service: Served, body: bytes, status: int, code: str
) -> None:
    """Each row gets its code, and nothing reaches the writer, not even the key."""
    answer = send(service, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert service.ledger.log.answer("administrator", "raw") is None


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": 7}, "/name"),
        ({"type": "planet"}, "/type"),
        ({"nmae": "x"}, "/nmae"),
        ({"evidence": [{"sha256": "a", "media": "a/b", "title": "x"}]}, "/evidence/0/sha256"),
        ({"evidence": [{"sha256": "a" * 64, "title": "x"}]}, "/evidence/0/media"),
        ({"reason": ""}, "/reason"),
        ({"occurred_at": "yesterday"}, "/occurred_at"),
        ({"valid_from": "2026-02-30"}, "/valid_from"),
        ({"a/b~c": "2026-02-30"}, "/a~1b~0c"),
    ],
)
def test_a_field_that_does_not_fit_is_pointed_at(
    service: Served, change: dict[str, object], pointer: str
) -> None:
    """The JSON Pointer (RFC 6901) names the place."""
    answer = send(service, json.dumps(GROUP | change).encode())
    assert (answer.status_code, answer.json()["code"]) == (422, "field_invalid")
    assert answer.json()["facts"]["pointer"] == pointer


def test_a_missing_field_is_pointed_at(service: Served) -> None:
    """The pointer names the field that should be there."""
    answer = send(service, b'{"type":"group","name":"x"}')
    assert answer.json()["facts"] == {"pointer": "/valid_from", "detail": "this field is required"}


@pytest.mark.parametrize(("size", "status"), [(262_144, 422), (262_145, 413)])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_has_a_limit(service: Served, size: int, status: int, *, chunked: bool) -> None:
    """256 KiB are read, declared or not; one byte more is not."""
    body = b'{"name":"' + b"x" * (size - 11) + b'"}'
    content = iter([body[: size // 2], body[size // 2 :]]) if chunked else body
    answer = service.administrator.client.post(
        PATH,
        content=content,
        headers={"Content-Type": "application/json", "Idempotency-Key": "raw"},
    )
    assert answer.status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/json; charset=utf-16"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Encoding": "gzip"},
    ],
)
def test_only_plain_json_is_read(service: Served, headers: dict[str, str]) -> None:
    """Another media type, charset or encoding is refused by its name."""
    answer = send(service, GOOD, **headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type_unsupported")


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"If_Match": "1"}, "If-Match"),
        ({"If_Match": 'W/"1"'}, "If-Match"),
        ({"If_Match": '"01"'}, "If-Match"),
        ({"If_Match": '"-1"'}, "If-Match"),
        ({"If_Match": '"1", "2"'}, "If-Match"),
        ({"Acting_Position": "a b"}, "Acting-Position"),
        ({"Delegation": "/"}, "Delegation"),
        ({"Correlation_Id": "x" * 129}, "Correlation-Id"),
        ({"Causation_Id": "a b"}, "Causation-Id"),
        ({"Idempotency_Key": "x" * 129}, "Idempotency-Key"),
        ({"Idempotency_Key": "a b"}, "Idempotency-Key"),
    ],
)
def test_a_header_that_does_not_fit_is_named(
    service: Served, headers: dict[str, str], name: str
) -> None:
    """Headers are as strict as bodies."""
    answer = send(service, GOOD, **headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "parameter_invalid")
    assert answer.json()["facts"]["name"] == name


def test_a_header_given_twice_is_refused(service: Served) -> None:
    """Nobody could say which of the two keys counts."""
    answer = service.administrator.client.post(
        PATH,
        content=GOOD,
        headers=[
            ("Content-Type", "application/json"),
            ("Idempotency-Key", "a"),
            ("Idempotency-Key", "b"),
        ],
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "parameter_invalid")


def test_a_command_without_a_key_is_refused(service: Served) -> None:
    """P5: a command that cannot be repeated safely is not taken."""
    answer = service.administrator.client.post(PATH, json=GROUP)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/v1/units/X1/explode", 404, "route_unknown"),
        ("POST", "/v1/planets/X1/register", 404, "route_unknown"),
        ("GET", "/v2/events", 404, "route_unknown"),
        ("GET", "/v1/tiles/0%0A0", 404, "route_unknown"),
        ("POST", "/v1/units/X%2FY/register", 404, "route_unknown"),
        ("GET", "/v1/units/X1/register", 405, "method_not_allowed"),
        ("DELETE", "/v1/events", 405, "method_not_allowed"),
        ("POST", "/v1/units/..-X/register", 400, "parameter_invalid"),
        ("POST", "/v1/units/%00/register", 400, "parameter_invalid"),
        ("POST", f"/v1/units/{'x' * 65}/register", 400, "parameter_invalid"),
        ("POST", "/v1/units/X1/register?a=1", 400, "parameter_invalid"),
    ],
)
def test_a_wrong_address_is_a_problem_document(
    service: Served, method: str, path: str, status: int, code: str
) -> None:
    """The router's own answers have the same form as all others."""
    answer = service.administrator.client.request(
        method,
        path,
        content=GOOD if method == "POST" else None,
        headers={"Content-Type": "application/json", "Idempotency-Key": "raw"},
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["instance"].isascii()


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: json.dumps(text).encode()))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """The reader has two outcomes for whatever comes: an object, or a refusal."""
    with suppress(BodyMalformed, FieldInvalid):
        assert isinstance(read_object(body), dict)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc/~", max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abc", max_size=3), JSON, max_size=4))
def test_strict_json_is_read_as_it_is(value: dict[str, object]) -> None:
    """Nothing that is exact and unambiguous is refused or changed."""
    assert read_object(json.dumps(value).encode()) == value
    assert read_object(json.dumps(value, ensure_ascii=False).encode()) == value
