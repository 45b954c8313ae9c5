"""The ledger against its own OpenAPI document, by requests that schemathesis makes up (P5, P13)."""

from collections.abc import Iterator
from itertools import count as numbers
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from opsledger_ledger.http.openapi import description
from support.fault_counts import count
from support.ledger_service import Served, served
from support.swarm import SCOPES

Operation = APIOperation[Any, Any, Any, Any]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
KEYS = numbers(1)
EXAMPLES = count(5, 200)
OPERATIONS = [
    found.ok()
    for found in schemathesis.openapi.from_dict(description()).get_all_operations()
    # Event streams do not end; they have tests of their own.
    if isinstance(found, Ok) and found.ok().path != "/v1/events/stream"
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One ledger for all requests."""
    with served(tmp_path_factory.mktemp("ledger")) as running:
        yield running


@pytest.fixture(scope="module")
def token(service: Served) -> str:
    """A key with nearly every scope."""
    return service.administrator.caller("schemathesis", SCOPES).token


def check_answers(operation: Operation, service: Served, token: str) -> None:
    """Send requests that schemathesis makes up; raises what it finds."""

    @settings(
        max_examples=EXAMPLES, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy())
    def check(case: schemathesis.Case[Any]) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        if case.method == "POST":
            headers["Idempotency-Key"] = f"schemathesis-{next(KEYS)}"
        address = service.administrator.address
        case.call_and_validate(base_url=address, headers=headers, checks=CHECKS)

    check()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_answers_are_as_documented(operation: Operation, service: Served, token: str) -> None:
    """No server error, no status, media type, header or body that the document does not have."""
    check_answers(operation, service, token)


def test_every_operation_can_be_asked() -> None:
    """None is left out because schemathesis could not read it, and none but the event stream."""
    operations = sum(len(each) for each in description()["paths"].values())
    assert len(OPERATIONS) == operations - 1


def test_an_undocumented_answer_is_found(service: Served, token: str) -> None:
    """With a document that promises only success, the same requests find what is missing."""
    document = description()
    path = "/v1/units/{id}/reparent"
    responses = document["paths"][path]["post"]["responses"]
    document["paths"][path]["post"]["responses"] = {"200": responses["200"]}
    operation = schemathesis.openapi.from_dict(document)[path]["POST"]
    with pytest.raises(FailureGroup, match="Undocumented status code"):
        check_answers(operation, service, token)
