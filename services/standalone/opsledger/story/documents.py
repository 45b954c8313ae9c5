"""The documents of the story: rulebook, authority matrix and calendars, as shipped with it."""

from functools import cache
from importlib.resources import files
from typing import Any

import orjson


@cache
def document(name: str) -> dict[str, Any]:
    """Read one of the example documents."""
    content: dict[str, Any] = orjson.loads(
        files("opsledger").joinpath("story", "papers", f"{name}.json").read_bytes()
    )
    return content
