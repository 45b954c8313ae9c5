"""The forms in which entries are served, all of them around the unchanged bytes of the log.

- `application/cloudevents-batch+json`: a JSON array of entries; what a caller without a wish gets.
- `application/x-ndjson`: one entry a line, exactly its bytes. The positions follow from the order;
  a page without a filter states them in `Position-First` and `Position-Last`.
- `application/x-ndjson;profile=positions`: one line an entry,
  `{"position":7,"leaf":"…","entry":{…}}`, for pages with a filter and for whoever keeps positions
  or checks leaves.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from opsledger_contracts.problems.general import NotAcceptable
from opsledger_ledger.recording.log import Stored


class Form(NamedTuple):
    """One way to write entries."""

    media_type: str
    write: Callable[[Sequence[Stored]], bytes]


def positioned(stored: Stored) -> bytes:
    """Write an entry with its position and leaf, as one line without its end."""
    return b'{"position":%d,"leaf":"%b","entry":%b}' % (
        stored.position,
        stored.leaf.hex().encode(),
        stored.entry,
    )


def _batch(entries: Sequence[Stored]) -> bytes:
    return b"[" + b",".join([stored.entry for stored in entries]) + b"]"


def _lines(entries: Sequence[Stored]) -> bytes:
    return b"\n".join([*(stored.entry for stored in entries), b""])


def _positioned_lines(entries: Sequence[Stored]) -> bytes:
    return b"".join([positioned(stored) + b"\n" for stored in entries])


BATCH: Final = Form("application/cloudevents-batch+json", _batch)
LINES: Final = Form("application/x-ndjson", _lines)
POSITIONED: Final = Form("application/x-ndjson;profile=positions", _positioned_lines)
FORMS: Final = (BATCH, LINES, POSITIONED)

EVENT: Final = "application/cloudevents+json"


@lru_cache(maxsize=256)
def chosen(accept: str | None) -> Form:
    """Choose the form that an Accept header weighs most; the batch if it does not matter.

    Raises:
        NotAcceptable: the header allows none of them.

    """
    best: Form | None = None
    weight_best = 0.0
    for media_type, weight in _weighed(accept or "*/*"):
        form = _ACCEPTED.get(media_type)
        if form is not None and weight > weight_best:
            best, weight_best = form, weight
    if best is None:
        available = ", ".join(form.media_type for form in FORMS)
        raise NotAcceptable(available=available, found=(accept or "")[:200])
    return best


_ACCEPTED: Final = {form.media_type: form for form in FORMS} | {
    "*/*": BATCH,
    "application/*": BATCH,
    "application/json": BATCH,
}


def accepts_event(accept: str | None) -> None:
    """Require that an Accept header allows a single event in structured mode.

    Raises:
        NotAcceptable: it does not.

    """
    allowed = {EVENT, "application/json", "application/*", "*/*"}
    if not any(media in allowed and weight for media, weight in _weighed(accept or "*/*")):
        raise NotAcceptable(available=EVENT, found=(accept or "")[:200])


def _weighed(accept: str) -> list[tuple[str, float]]:
    """Split an Accept header into media types, written without blanks, and their weights."""
    weighed = []
    for item in accept.split(","):
        parts = [part.strip().lower() for part in item.split(";")]
        weight = 1.0
        kept = [parts[0]]
        for part in parts[1:]:
            name, _, value = part.partition("=")
            if name.strip() == "q":
                weight = _number(value)
            elif name.strip() == "profile":
                kept.append(f"profile={value.strip().strip(chr(34))}")
        weighed.append((";".join(kept), weight))
    return weighed


def _number(text: str) -> float:
    try:
        return max(0.0, min(1.0, float(text)))
    except ValueError:
        return 0.0
