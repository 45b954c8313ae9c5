"""The feed over HTTP: pages, single events, streams of one thing, and server-sent events."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Final
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Scope, Send

from opsledger_contracts.catalogue import EVENTS, NOUNS
from opsledger_contracts.problems.general import (
    LedgerStopping,
    ParameterInvalid,
    StreamsTooMany,
    UnknownThing,
)
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.feed.live import LiveEnd, Push
from opsledger_ledger.feed.pages import PAGE_ENTRIES_MAX, Page, Selection
from opsledger_ledger.feed.stream import frames, frames_of
from opsledger_ledger.http import forms, headers
from opsledger_ledger.http.access import READS
from opsledger_ledger.http.gathering import NO_SNIFFING, PUSH, answer
from opsledger_ledger.http.kept_pages import KeptPages, WrittenPage
from opsledger_ledger.http.security import caller, holder
from opsledger_ledger.ledger import Ledger
from opsledger_ledger.recording.log import Stored

PAGE_ENTRIES: Final = 100
"""Entries of a page if the caller names no limit."""

WAIT_S_MAX: Final = 60
STREAMS_MAX: Final = 16
"""Event streams that one person may have open."""

IMMUTABLE: Final = "private, max-age=31536000, immutable"
CHANGING: Final = "private, no-cache"

_PAGE_NAMES: Final = frozenset(("after", "limit", "types", "subject", "from", "until", "wait"))
_STREAM_NAMES: Final = frozenset(("after", "types", "subject"))
_ENTRIES_NAMES: Final = frozenset(("after", "limit"))


class Events:
    """Serves entries in the bytes of the log."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._kept = KeptPages()
        self._live = LiveEnd(ledger.feed, ledger.signal, _chunk)
        self.open_streams: Counter[str] = Counter()

    async def page(self, request: Request) -> Response:
        """Answer `GET /v1/events`."""
        await caller(request, self._ledger, READS["/v1/events"])
        form = forms.chosen(request.headers.get("Accept"))
        question: bytes = request.scope["query_string"]
        written = self._kept.find(question, form.media_type)
        head = self._ledger.signal.position
        if written is None:
            written, head = await self._written(request, question, form)
        more = written.headers | {"ETag": written.etag, "Ledger-Position": str(head)}
        if _matches(request, written.etag):
            return Response(None, 304, more)
        return Response(written.body, 200, more, form.media_type)

    async def _written(
        self, request: Request, question: bytes, form: forms.Form
    ) -> tuple[WrittenPage, int]:
        """Read a page, write it, and keep it if it can never change; gives the head as well."""
        query = request.query_params
        headers.only(query, _PAGE_NAMES)
        selection = Selection(
            after=headers.number(query, "after", default=0),
            limit=headers.number(
                query, "limit", default=PAGE_ENTRIES, least=1, most=PAGE_ENTRIES_MAX
            ),
            types=_types(query),
            stream=_subject(query),
            recorded_from=headers.instant(query, "from"),
            recorded_until=headers.instant(query, "until"),
        )
        wait_s = headers.number(query, "wait", default=0, most=WAIT_S_MAX)
        page = await asyncio.to_thread(self._ledger.feed.page, selection)
        lasting = page.final
        if not page.entries and not lasting and wait_s:
            page = await self._awaited(selection, page, wait_s)
        written = WrittenPage(
            form.write(page.entries), _etag(page, form), _page_headers(request, selection, page)
        )
        if lasting:
            self._kept.keep(question, form.media_type, written)
        return written, page.head

    async def kept_page(self, scope: Scope, send: Send) -> bool:
        """Answer `GET /v1/events` at once if it can be: with a page that is kept, unconditionally.

        What it leaves, `page` answers; so it does for whoever may not read.
        """
        given = headers.Given(scope["headers"])
        if given.getlist("If-None-Match"):
            return False
        try:
            await holder(given, self._ledger, READS["/v1/events"], self._ledger.clock.now())
            form = forms.chosen(headers.single(given, "Accept"))
        except Refusal:
            return False
        written = self._kept.find(scope["query_string"], form.media_type)
        if written is None:
            return False
        more = (
            (b"content-type", form.media_type.encode()),
            (b"ledger-position", b"%d" % self._ledger.signal.position),
            NO_SNIFFING,
        )
        await answer(scope, send, 200, (*written.raw_headers, *more), written.body)
        return True

    async def one(self, request: Request) -> Response:
        """Answer `GET /v1/events/{position}` with one event in structured mode."""
        await caller(request, self._ledger, READS["/v1/events/{position}"])
        headers.only(request.query_params, frozenset())
        forms.accepts_event(request.headers.get("Accept"))
        position = _position(request.path_params["position"])
        found = await asyncio.to_thread(self._ledger.log.entries, position - 1, 1)
        if not found or found[0].position != position:
            raise UnknownThing(noun="event at position", id=position)
        stored = found[0]
        etag = f'"{stored.leaf.hex()}"'
        more = {
            "ETag": etag,
            "Cache-Control": IMMUTABLE,
            "Position": str(position),
            "Leaf": stored.leaf.hex(),
        }
        if _matches(request, etag):
            return Response(None, 304, more)
        return Response(stored.entry, 200, more, forms.EVENT)

    async def of_stream(self, request: Request) -> Response:
        """Answer `GET /v1/streams/{noun}/{id}`; `after` is a version here."""
        await caller(request, self._ledger, READS["/v1/streams/{noun}/{id}"])
        query = request.query_params
        headers.only(query, _ENTRIES_NAMES)
        form = forms.chosen(request.headers.get("Accept"))
        noun = request.path_params["noun"]
        if noun not in NOUNS:
            raise ParameterInvalid(name="noun", detail=f"expected one of {', '.join(NOUNS)}")
        identifier = headers.identifier(request.path_params["id"], "id")
        after = headers.number(query, "after", default=0, most=2**31 - 1)
        limit = headers.number(query, "limit", default=PAGE_ENTRIES, least=1, most=PAGE_ENTRIES_MAX)
        stream = f"{noun}/{identifier}"
        log = self._ledger.log
        version = await asyncio.to_thread(log.stream_version, stream)
        if not version:
            raise UnknownThing(noun=NOUNS[noun].en, id=identifier)
        found = await asyncio.to_thread(log.stream_entries, stream, after, limit)
        more = {"Stream-Version": str(version), "Cache-Control": CHANGING}
        if found and found[-1].version < version:
            query_next = urlencode({"after": found[-1].version, "limit": limit})
            more["Link"] = f'<{request.url.path}?{query_next}>; rel="next"'
        page = Page(found, after, final=len(found) == limit, head=0)
        return _conditional(request, page, form, more)

    async def stream(self, request: Request) -> Response:
        """Answer `GET /v1/events/stream` with server-sent events."""
        state = await caller(request, self._ledger, READS["/v1/events/stream"])
        query = request.query_params
        headers.only(query, _STREAM_NAMES)
        if self._ledger.signal.closed:
            raise LedgerStopping
        if self.open_streams[state.person] >= STREAMS_MAX:
            raise StreamsTooMany(found=self.open_streams[state.person], limit=STREAMS_MAX)
        after = headers.number(query, "after", default=0)
        resumed = headers.single(request.headers, "Last-Event-ID")
        if resumed is not None:
            after = _position(resumed, "Last-Event-ID", least=0)
        selection = Selection(after=after, types=_types(query), stream=_subject(query))
        more = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        if request.method == "HEAD":
            return Response(None, 200, more, "text/event-stream")
        offered = request.scope.get("extensions", {}).get(PUSH)
        return StreamingResponse(
            self._counted(state.person, selection, offered and offered["push"]),
            # Said here because what is pushed is in chunks already.
            headers=more | {"Transfer-Encoding": "chunked"},
            media_type="text/event-stream",
        )

    async def _counted(
        self, person: str, selection: Selection, push: Push | None
    ) -> AsyncIterator[bytes]:
        ledger = self._ledger
        self.open_streams[person] += 1
        try:
            async for piece in frames(ledger.feed, ledger.signal, self._live, selection, push):
                yield piece
        finally:
            self.open_streams[person] -= 1
            if not self.open_streams[person]:
                del self.open_streams[person]

    async def _awaited(self, selection: Selection, page: Page, wait_s: int) -> Page:
        """Wait for an entry that belongs on a page that is empty as yet."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        while True:
            left = deadline - loop.time()
            if page.entries or page.final or left <= 0 or self._ledger.signal.closed:
                return page
            selection = msgspec.structs.replace(selection, after=page.after)
            if page.after >= page.head and not await self._ledger.signal.beyond(page.after, left):
                return page
            page = await asyncio.to_thread(self._ledger.feed.page, selection)


def _chunk(entries: Sequence[Stored]) -> bytes:
    """Write entries as frames, and these as a chunk of a body (RFC 9112, section 7.1)."""
    content = frames_of(entries)
    return b"%x\r\n%b\r\n" % (len(content), content)


def _types(query: headers.Multiple) -> frozenset[str]:
    found = headers.single(query, "types")
    if found is None:
        return frozenset()
    types = frozenset(found.split(","))
    for name in sorted(types):
        if name not in EVENTS:
            raise ParameterInvalid(name="types", detail=f"there is no event type {name[:64]!r}")
    return types


def _subject(query: headers.Multiple) -> str | None:
    found = headers.single(query, "subject")
    if found is None:
        return None
    noun, _, identifier = found.partition("/")
    if noun not in NOUNS:
        raise ParameterInvalid(name="subject", detail="expected <noun>/<id>")
    return f"{noun}/{headers.identifier(identifier, 'subject')}"


def _position(text: str, name: str = "position", least: int = 1) -> int:
    return headers.number(_One(text), name, default=None, least=least)


class _One:
    """A text that stands where a parameter stands."""

    def __init__(self, text: str) -> None:
        self._text = text

    def getlist(self, key: str) -> list[str]:
        """List the one value, whatever the name."""
        del key
        return [self._text]


def _page_headers(request: Request, selection: Selection, page: Page) -> dict[str, str]:
    more = {
        "Cache-Control": IMMUTABLE if page.final else CHANGING,
        "Position-Next": str(page.after),
        "Vary": "Accept, Authorization",
    }
    if selection.contiguous and page.entries:
        more["Position-First"] = str(page.entries[0].position)
        more["Position-Last"] = str(page.entries[-1].position)
    kept = {
        name: value for name, value in request.query_params.items() if name not in {"after", "wait"}
    }
    links = [f'<{request.url.path}?{urlencode({"after": page.after} | kept)}>; rel="next"']
    if selection.contiguous and selection.after:
        before = max(0, selection.after - selection.limit)
        links.append(f'<{request.url.path}?{urlencode({"after": before} | kept)}>; rel="prev"')
    more["Link"] = ", ".join(links)
    return more


def _etag(page: Page, form: forms.Form) -> str:
    return f'"{page.digest()[:32]}-{forms.FORMS.index(form)}"'


def _conditional(request: Request, page: Page, form: forms.Form, more: dict[str, str]) -> Response:
    """Answer with a page, or with 304 if the caller has it already."""
    etag = _etag(page, form)
    more = more | {"ETag": etag}
    if _matches(request, etag):
        return Response(None, 304, more)
    return Response(form.write(page.entries), 200, more, form.media_type)


def _matches(request: Request, etag: str) -> bool:
    given = request.headers.get("If-None-Match")
    if given is None:
        return False
    return given == "*" or etag in {tag.strip().removeprefix("W/") for tag in given.split(",")}
