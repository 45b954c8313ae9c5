"""Refusals as RFC 9457 problem documents; the one table of kinds and statuses."""

from http import HTTPStatus
from traceback import format_exception
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import structlog
from starlette.requests import Request
from starlette.responses import Response

from opsledger_contracts.canonical import canonical
from opsledger_contracts.problems import general
from opsledger_contracts.problems.refusal import (
    ConditionMissing,
    Conflict,
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    Refusal,
    Stale,
    Throttled,
    Unauthenticated,
    Unavailable,
)
from opsledger_ledger.clock import Clock
from opsledger_ledger.writing.envelopes import EventIds

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 1


class Kind(NamedTuple):
    """What a kind of refusal is in HTTP, and its title in both languages."""

    status: int
    en: str
    zh: str


KINDS: Final[dict[type[Refusal], Kind]] = {
    Malformed: Kind(400, "The request cannot be read", "请求无法读取"),
    Unauthenticated: Kind(401, "Nobody knows who asks", "身份未确认"),
    Forbidden: Kind(403, "The power is missing", "权限不足"),
    NotFound: Kind(404, "It does not exist", "不存在"),
    general.MethodNotAllowed: Kind(405, "The method is not taken here", "不支持该方法"),
    general.NotAcceptable: Kind(406, "The form is not available", "不提供所请求的格式"),
    Conflict: Kind(409, "The state does not allow it", "当前状态不允许"),
    Stale: Kind(412, "It was decided on an older version", "所依据的版本已过时"),
    general.BodyTooLarge: Kind(413, "The body is too large", "请求体过大"),
    general.MediaTypeUnsupported: Kind(415, "The media type is not taken", "不支持的媒体类型"),
    Invalid: Kind(422, "The content breaks a rule", "内容不符合规则"),
    ConditionMissing: Kind(428, "A precondition is missing", "缺少前置条件"),
    Throttled: Kind(429, "Too much at once", "请求过多"),
    general.LedgerFault: Kind(500, "The ledger met a fault", "账本程序故障"),
    Unavailable: Kind(503, "The ledger cannot answer now", "账本暂时无法应答"),
}
"""The nearest class in a refusal's line of descent decides."""


def kind_of(refusal: type[Refusal]) -> Kind:
    """Find the kind of a refusal.

    Raises:
        LookupError: the table has none.

    """
    for ancestor in refusal.__mro__:
        if ancestor in KINDS:
            return KINDS[ancestor]
    raise LookupError(refusal.__name__)


def document(refusal: Refusal, language: str, instance: str) -> dict[str, Any]:
    """Put together the problem document of a refusal in `zh` or `en`.

    `detail` is in the language asked for; `sentences` has it in both, so that a program may keep
    the answer and show it to either reader.
    """
    kind = kind_of(type(refusal))
    problem: dict[str, Any] = {
        "type": f"urn:opsledger:problem:{refusal.code}",
        "title": kind.zh if language == "zh" else kind.en,
        "status": kind.status,
        "detail": refusal.sentence(language),
        "sentences": {"en": refusal.sentence("en"), "zh": refusal.sentence("zh")},
        "code": refusal.code,
        "facts": refusal.facts,
        "instance": instance,
    }
    if needed := refusal.needed(language):
        problem["needed"] = needed
    return problem


def preferred_language(accept_language: str | None) -> str:
    """Choose between `zh` and `en` as an Accept-Language header weighs them; `en` if in doubt."""
    best, weight_best = "en", 0.0
    for item in (accept_language or "").split(","):
        tag, _, parameter = item.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        if language in {"zh", "en"}:
            weight = _weight(parameter)
            if weight > weight_best:
                best, weight_best = language, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(1.0, float(value))
    except ValueError:
        return 0.0


def refused(request: Request, refusal: Refusal, headers: dict[str, str] | None = None) -> Response:
    """Answer a request with the problem document of a refusal, in the language it prefers."""
    language = preferred_language(request.headers.get("Accept-Language"))
    problem = document(refusal, language, quote(request.url.path))
    status: int = problem["status"]
    more = {"Content-Language": language, "Cache-Control": "no-store"} | (headers or {})
    if status == HTTPStatus.UNAUTHORIZED:
        more["WWW-Authenticate"] = 'Bearer realm="opsledger"'
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        more["Retry-After"] = str(RETRY_AFTER_S)
    return Response(canonical(problem), status, more, MEDIA_TYPE)


class Faults:
    """Answers a failure of the program itself, and tells its log under the same reference."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ids = EventIds()
        self._logger = structlog.get_logger("opsledger.http")

    async def answer(self, request: Request, error: Exception) -> Response:
        """Answer with a reference instead of details."""
        reference = self._ids.next(self._clock.now())
        # As text: a renderer that shows local variables would show the caller's key.
        self._logger.error(
            "fault",
            path=request.url.path,
            reference=reference,
            traceback="".join(format_exception(error)),
        )
        return refused(request, general.LedgerFault(reference=reference))
