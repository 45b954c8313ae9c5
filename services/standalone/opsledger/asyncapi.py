"""The AsyncAPI document of the ledger's events, for systems that subscribe to them."""

import inspect
from typing import Any, Final

from opsledger_contracts.catalogue import EVENTS, NOUNS
from opsledger_contracts.event import Event
from opsledger_contracts.relayed import MEDIA_TYPE, STREAM, subject

VERSION: Final = "3.1.0"

_SCHEMA_FORMAT: Final = "application/schema+json;version=draft-2020-12"

_DESCRIPTION: Final = """\
Every entry of the ledger is one event in the JSON form of CloudEvents 1.0. Whoever subscribes
receives the stored bytes, in order of position, each at least once and without a gap; the position
of the last event processed is all that a subscriber keeps. `opsledger` serves the same entries in
pages as well (OpenAPI document of the ledger); one real entry of each type lies beside the schemas,
in `examples/entries`.
"""


def asyncapi_document() -> dict[str, Any]:
    """Describe where events are received, and every message that may arrive there."""
    messages = {name: _message(name, event) for name, event in EVENTS.items()}
    received = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "opsledger events",
            "version": "1",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": MEDIA_TYPE,
        "servers": {
            "ledger": {
                "host": "{host}",
                "protocol": "http",
                "description": "A ledger service, as started by `opsledger serve`.",
                "variables": {"host": {"default": "127.0.0.1:8600"}},
                "security": [{"$ref": "#/components/securitySchemes/key"}],
            },
            "copy": {
                "host": "{host}",
                "protocol": "nats",
                "description": "NATS JetStream, where a relay keeps a copy for delivery.",
                "variables": {"host": {"default": "127.0.0.1:4222"}},
            },
        },
        "channels": {
            "stream": {
                "address": "/v1/events/stream",
                "title": "Entries as server-sent events",
                "description": "The id of an event is its position; `Last-Event-ID`, or the "
                "parameter `after`, resumes after one. Comment lines keep the connection alive.",
                "servers": [{"$ref": "#/servers/ledger"}],
                "messages": received,
            },
            "copy": {
                "address": subject("{stream}", "{type}"),
                "title": "Entries as messages of a JetStream stream",
                "description": "The sequence of a message in the stream is the position of its "
                "entry. `opsledger ledger relay` keeps the copy, which may be dropped and filled "
                "anew.",
                "servers": [{"$ref": "#/servers/copy"}],
                "parameters": {
                    "stream": {
                        "default": STREAM,
                        "description": "Name of the stream; one stream holds one ledger.",
                    },
                    "type": {
                        "description": "Type of the event, whose parts are parts of the subject.",
                        "examples": ["letter.signed.v1"],
                    },
                },
                "messages": received,
            },
        },
        "operations": {
            "sendEvents": {
                "action": "send",
                "channel": {"$ref": "#/channels/stream"},
                "summary": "The ledger sends every entry, as soon as it is durable.",
                "description": "Needs one of the scopes auditor, subscriber.",
                "bindings": {"http": {"method": "GET"}},
            },
            "relayEvents": {
                "action": "send",
                "channel": {"$ref": "#/channels/copy"},
                "summary": "The relay publishes every entry, in order of position.",
            },
        },
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "opl_<id>_<secret>",
                }
            },
            "messages": messages,
        },
    }


def _message(name: str, event: type[Event]) -> dict[str, Any]:
    noun = NOUNS[name.partition(".")[0]]
    return {
        "name": name,
        "title": event.__name__,
        "summary": (inspect.getdoc(event) or "").partition("\n")[0],
        "tags": [{"name": noun.noun, "description": f"{noun.en} · {noun.zh}"}],
        "payload": {
            "schemaFormat": _SCHEMA_FORMAT,
            "schema": {
                "allOf": [{"$ref": "envelope.json"}],
                "properties": {
                    "type": {"const": name},
                    "data": {"$ref": f"events/{name}.json"},
                },
            },
        },
    }
