"""Commands over HTTP: one route for all, driven by the catalogue.

`If-Match` is optional, on purpose. The writer decides every command on the current state, with the
head locked, so that no rule depends on what the caller last saw; `If-Match` is for callers who want
to act only on the very version they have read (412 if it has moved on).
"""

import hmac
import re
import time
from typing import Any, Final

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from opsledger_contracts.canonical import canonical
from opsledger_contracts.catalogue import NOUNS
from opsledger_contracts.evidence.commitment import SALT_BYTES
from opsledger_contracts.fields import Evidence, Instant, Text
from opsledger_contracts.problems.general import MediaTypeUnsupported, RouteUnknown
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.domain.deciding import COMMANDS, CommandEntry
from opsledger_ledger.http import headers
from opsledger_ledger.http.answers import Answers
from opsledger_ledger.http.body import read_bounded, read_object
from opsledger_ledger.http.fields import converted
from opsledger_ledger.http.gathering import NO_SNIFFING, RawHeaders, answer
from opsledger_ledger.http.measures import Measures
from opsledger_ledger.http.problems import Faults, refused
from opsledger_ledger.http.security import holder
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

CIRCUMSTANCES: Final = frozenset(Circumstances.__struct_fields__)
_NOTHING_AROUND: Final = Circumstances()


def routes() -> dict[tuple[str, str], CommandEntry]:
    """List the commands by plural of the noun and verb, as they stand in paths."""
    return {(NOUNS[entry.noun].plural, entry.verb): entry for entry in COMMANDS.values()}


class Commands:
    """Reads a command from a request, has it decided, and answers; an ASGI application.

    Most of what a ledger is asked comes through here, so that it takes what it needs from the
    request as the server gives it, and writes its answers itself.
    """

    def __init__(self, ledger: Ledger, measures: Measures, faults: Faults) -> None:
        self._ledger = ledger
        self._measures = measures
        self._faults = faults
        self._answers = Answers(ledger.writer.submit)
        self._routes = routes()
        self._random = RandomBytes()
        self._ids = EventIds(self._random.bits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer `POST /v1/{plural}/{id}/{verb}`, with a problem document if need be."""
        began = time.monotonic()
        try:
            status, more, body = await self._answered(scope, receive)
        except ClientDisconnect:
            return
        except Refusal as refusal:
            status, more, body = _written(refused(Request(scope), refusal))
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller is told a reference.
            status, more, body = _written(await self._faults.answer(Request(scope), error))
        self._measures.answered(PATH, "POST", status, time.monotonic() - began)
        await answer(scope, send, status, more, body)

    async def _answered(self, scope: Scope, receive: Receive) -> tuple[int, RawHeaders, bytes]:
        """Have the command of a request decided.

        Raises:
            Refusal: any that a command can meet.
            ClientDisconnect: the caller left in the middle of the body.

        """
        _, _, plural, target, verb = scope["path"].split("/")
        entry = self._routes.get((plural, verb))
        if entry is None:
            raise RouteUnknown(path=scope["path"])
        submission = await self._submission(scope, receive, entry, target)
        outcome = await self._answers.ask(submission)
        decided = outcome.answer
        if isinstance(decided, Refused):
            more = {"Idempotency-Replayed": "true"} if outcome.replayed else None
            return _written(refused(Request(scope), decided.refusal(), more))
        body = canonical(decided)
        written = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"etag", b'"%d"' % decided.version),
            NO_SNIFFING,
        ]
        if outcome.replayed:
            written.append((b"idempotency-replayed", b"true"))
        return 201 if entry.creates else 200, written, body

    async def _submission(
        self, scope: Scope, receive: Receive, entry: CommandEntry, target: str
    ) -> Submission:
        now = self._ledger.clock.now()
        given = headers.Given(scope["headers"])
        state = await holder(given, self._ledger, frozenset((entry.scope,)), now)
        key = headers.idempotency_key(given)
        headers.identifier(target, "id")
        version_expected = headers.version_expected(given)
        position = headers.optional_identifier(given, "Acting-Position")
        delegation = headers.optional_identifier(given, "Delegation")
        correlation_id = headers.token(given, "Correlation-Id")
        causation_id = headers.token(given, "Causation-Id")
        if scope["query_string"]:
            headers.only(Request(scope).query_params, frozenset())
        members = await _members(receive, given)
        if CIRCUMSTANCES.isdisjoint(members):
            command = converted(members, entry.command)
            around = _NOTHING_AROUND
        else:
            fields = {name: value for name, value in members.items() if name not in CIRCUMSTANCES}
            command = converted(fields, entry.command)
            around = converted(
                {name: members[name] for name in CIRCUMSTANCES if name in members}, Circumstances
            )
        asked = [entry.noun, entry.verb, target, version_expected, position, delegation, members]
        command_id = self._ids.next(now)
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


def _written(response: Response) -> tuple[int, RawHeaders, bytes]:
    """Take a response apart into what is sent."""
    return response.status_code, [*response.raw_headers, NO_SNIFFING], bytes(response.body)


async def _members(receive: Receive, given: headers.Given) -> dict[str, Any]:
    """Read the members of the body.

    Raises:
        MediaTypeUnsupported: the body is declared as something else than JSON.
        BodyTooLarge, BodyMalformed, FieldInvalid: as the strict reader says.
        ClientDisconnect: the body ended before its end.

    """
    encoding = headers.single(given, "Content-Encoding")
    if encoding is not None and encoding.strip().lower() != "identity":
        raise MediaTypeUnsupported(found=f"Content-Encoding {encoding[:64]}")
    declared = headers.single(given, "Content-Type")
    body = await read_bounded(receive, headers.single(given, "Content-Length"))
    if body and declared != "application/json" and not _JSON.fullmatch(declared or ""):
        raise MediaTypeUnsupported(found=(declared or "no Content-Type")[:64])
    return read_object(body)
