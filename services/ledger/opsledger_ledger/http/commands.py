"""Commands over HTTP: one route for all, driven by the catalogue.

`If-Match` is optional, on purpose. The writer decides every command on the current state, with the
head locked, so that no rule depends on what the caller last saw; `If-Match` is for callers who want
to act only on the very version they have read (412 if it has moved on).
"""

import hmac
import re
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from opsledger_contracts.canonical import canonical
from opsledger_contracts.catalogue import NOUNS
from opsledger_contracts.evidence.commitment import SALT_BYTES
from opsledger_contracts.fields import Evidence, Instant, Text
from opsledger_contracts.problems.general import MediaTypeUnsupported, RouteUnknown
from opsledger_ledger.domain.deciding import COMMANDS, CommandEntry
from opsledger_ledger.http import headers
from opsledger_ledger.http.answers import Answers
from opsledger_ledger.http.body import read_bounded, read_object
from opsledger_ledger.http.fields import converted
from opsledger_ledger.http.problems import refused
from opsledger_ledger.http.security import caller
from opsledger_ledger.ledger import Ledger
from opsledger_ledger.writing.envelopes import EventIds
from opsledger_ledger.writing.randomness import RandomBytes
from opsledger_ledger.writing.submission import Refused, Submission, Trace

PATH: Final = "/v1/{plural}/{id}/{verb}"


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """What may stand in the body of any command beside its own fields."""

    occurred_at: Instant | None = None
    """When it happened in the business; the instant of recording if absent."""
    reason: Text | None = None
    evidence: tuple[Evidence, ...] = ()


_JSON: Final = re.compile(
    r'\s*application/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?', re.ASCII | re.IGNORECASE
)

CIRCUMSTANCES: Final = Circumstances.__struct_fields__


def routes() -> dict[tuple[str, str], CommandEntry]:
    """List the commands by plural of the noun and verb, as they stand in paths."""
    return {(NOUNS[entry.noun].plural, entry.verb): entry for entry in COMMANDS.values()}


class Commands:
    """Reads a command from a request, has it decided, and answers."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._answers = Answers(ledger.writer.submit)
        self._routes = routes()
        self._random = RandomBytes()
        self._ids = EventIds(self._random.bits)

    async def answer(self, request: Request) -> Response:
        """Answer `POST /v1/{plural}/{id}/{verb}`.

        Raises:
            Refusal: any that a command can meet.

        """
        entry = self._routes.get((request.path_params["plural"], request.path_params["verb"]))
        if entry is None:
            raise RouteUnknown(path=request.url.path)
        submission = await self._submission(request, entry)
        outcome = await self._answers.ask(submission)
        more = {"Cache-Control": "no-store"}
        if outcome.replayed:
            more["Idempotency-Replayed"] = "true"
        answer = outcome.answer
        if isinstance(answer, Refused):
            return refused(request, answer.refusal(), more)
        more["ETag"] = f'"{answer.version}"'
        status = 201 if entry.creates else 200
        return Response(canonical(answer), status, more, "application/json")

    async def _submission(self, request: Request, entry: CommandEntry) -> Submission:
        state = await caller(request, self._ledger, frozenset((entry.scope,)))
        given = headers.Given(request.scope["headers"])
        key = headers.idempotency_key(given)
        target = headers.identifier(request.path_params["id"], "id")
        version_expected = headers.version_expected(given)
        position = headers.optional_identifier(given, "Acting-Position")
        delegation = headers.optional_identifier(given, "Delegation")
        correlation_id = headers.token(given, "Correlation-Id")
        causation_id = headers.token(given, "Causation-Id")
        headers.only(request.query_params, frozenset())
        members = await _members(request, given)
        fields = {name: value for name, value in members.items() if name not in CIRCUMSTANCES}
        command = converted(fields, entry.command)
        around = converted(
            {name: members[name] for name in CIRCUMSTANCES if name in members}, Circumstances
        )
        asked = [entry.noun, entry.verb, target, version_expected, position, delegation, members]
        command_id = self._ids.next(self._ledger.clock.now())
        return Submission(
            entry=entry,
            command=command,
            target=target,
            person=state.person,
            key=key,
            fingerprint=hmac.digest(self._ledger.fingerprint_key, canonical(asked), "sha256"),
            command_id=command_id,
            trace=Trace(
                correlation_id=correlation_id or command_id,
                causation_id=causation_id,
                traceparent=headers.traceparent(given),
            ),
            credential=state.id,
            scopes=frozenset(state.scopes),
            position=position,
            delegation=delegation,
            occurred_at=around.occurred_at,
            reason=around.reason,
            evidence=around.evidence,
            version_expected=version_expected,
            salt=self._random.take(SALT_BYTES),
        )


async def _members(request: Request, given: headers.Given) -> dict[str, Any]:
    """Read the members of the body.

    Raises:
        MediaTypeUnsupported: the body is declared as something else than JSON.
        BodyTooLarge, BodyMalformed, FieldInvalid: as the strict reader says.

    """
    encoding = headers.single(given, "Content-Encoding")
    if encoding is not None and encoding.strip().lower() != "identity":
        raise MediaTypeUnsupported(found=f"Content-Encoding {encoding[:64]}")
    declared = headers.single(given, "Content-Type")
    body = await read_bounded(request.stream(), headers.single(given, "Content-Length"))
    if body and not _JSON.fullmatch(declared or ""):
        raise MediaTypeUnsupported(found=(declared or "no Content-Type")[:64])
    return read_object(body)
