"""What a refusal is: a stable code, the facts, and a sentence in two languages.

    Refusal
    ├── Malformed      the request itself cannot be read             (400)
    ├── Unauthenticated  nobody knows who asks                       (401)
    ├── Forbidden      the actor has not the power                   (403)
    ├── NotFound       the thing does not exist                      (404)
    ├── Conflict       the thing is not in the state for this        (409)
    ├── Stale          the caller decided on an older version        (412)
    ├── Invalid        the content breaks a rule                     (422)
    ├── ConditionMissing  a precondition header is required          (428)
    ├── Throttled      too much at once, try again later             (429)
    └── Unavailable    the ledger cannot answer now                  (503)

The numbers belong to HTTP and live in one table there; the domain knows only the classes.
"""

import string
from typing import ClassVar, Final, cast

REFUSALS: Final[dict[str, type["Refusal"]]] = {}
"""Every concrete refusal by its code, in order of definition."""


class Refusal(Exception):
    """A command or query was refused and left nothing behind.

    A concrete subclass has `code` (stable, snake case), `en` and `zh` (sentences with the facts as
    `{fields}`) and optionally `needed_en` / `needed_zh` (what would have to be so).
    The facts are given by keyword and are exactly the fields of the sentences.
    """

    code: ClassVar[str]
    en: ClassVar[str]
    zh: ClassVar[str]
    needed_en: ClassVar[str] = ""
    needed_zh: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        """Enter a concrete subclass into the closed list of codes."""
        super().__init_subclass__()
        if "code" in cls.__dict__:
            if cls.code in REFUSALS:
                message = f"refusal code {cls.code!r} is defined twice"
                raise TypeError(message)
            REFUSALS[cls.code] = cls

    def __init__(self, **facts: object) -> None:
        """Take the facts of this situation.

        Raises:
            TypeError: the facts are not exactly the fields of the sentences.

        """
        if facts.keys() != self.fields():
            message = f"{self.code} takes the facts {sorted(self.fields())}, not {sorted(facts)}"
            raise TypeError(message)
        super().__init__(self.en.format(**facts))
        self.facts = {name: _plain(value) for name, value in facts.items()}

    @classmethod
    def fields(cls) -> frozenset[str]:
        """Name the facts that this refusal states."""
        sentences = (cls.en, cls.zh, cls.needed_en, cls.needed_zh)
        return frozenset(
            name
            for sentence in sentences
            for _, name, _, _ in string.Formatter().parse(sentence)
            if name
        )

    def sentence(self, language: str) -> str:
        """Say what is wrong in `zh`, or in English for any other language."""
        return (self.zh if language == "zh" else self.en).format(**self.facts)

    def needed(self, language: str) -> str:
        """Say what would be needed, or nothing where that is obvious."""
        return (self.needed_zh if language == "zh" else self.needed_en).format(**self.facts)


def _plain(value: object) -> object:
    if isinstance(value, list):
        return cast("list[object]", value)
    return value if isinstance(value, str | int | bool) else str(value)


class Malformed(Refusal):
    """The request itself cannot be read."""


class Unauthenticated(Refusal):
    """Nobody knows who asks."""


class Forbidden(Refusal):
    """The actor has not the power."""


class NotFound(Refusal):
    """The thing does not exist."""


class Conflict(Refusal):
    """The thing is not in the state for this, or something else stands against it."""


class Stale(Refusal):
    """The caller decided on an older version."""


class Invalid(Refusal):
    """The content breaks a rule."""


class ConditionMissing(Refusal):
    """A precondition that is required was not stated."""


class Throttled(Refusal):
    """Too much was asked at once."""


class Unavailable(Refusal):
    """The ledger cannot answer now."""
