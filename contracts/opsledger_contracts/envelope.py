"""The envelope: one event as a self-contained CloudEvents 1.0 JSON document.

The encoded envelope is the *entry*: the exact bytes that are stored, hashed and served
(architecture.md, section 5). Attribute names are CloudEvents names (lower-case alphanumeric), and
every attribute has a CloudEvents simple type, so that a stock CloudEvents library reads an entry.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

# The ledger writes these attributes itself from values it has checked, and every reader decodes
# them by the million, so their forms are stated in the schema and not enforced at each decoding.
_Name = Annotated[
    str, Meta(extra_json_schema={"pattern": r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$(?!\n)"})
]
_Digest = Annotated[str, Meta(extra_json_schema={"pattern": r"^[0-9a-f]{64}$(?!\n)"})]
_Instant = Annotated[
    str,
    Meta(
        extra_json_schema={
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$(?!\n)"
        }
    ),
]
_Stream = Annotated[
    str,
    Meta(
        extra_json_schema={"pattern": r"^[a-z][a-z_]{0,31}/[A-Za-z0-9][A-Za-z0-9._-]{0,63}$(?!\n)"}
    ),
]

_Version = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": 2_147_483_647})]
_Step = Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": 99})]


class Envelope(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """All that one entry says; the position is not in it, the Merkle tree proves it."""

    # The fields stand in the order of their names in the entry, in which a decoder looks for them:
    # in any other order it takes a third longer.
    person: _Name = msgspec.field(name="actorperson")
    """Pseudonymous id of the person who pressed; `system` for an event the ledger derives."""
    acting_position: _Name | None = msgspec.field(name="actorposition", default=None)
    """The post in which the person acted."""
    unit: _Name | None = msgspec.field(name="actorunit", default=None)
    authority_item: str | None = msgspec.field(name="authorityitem", default=None)
    authority_matrix: str | None = msgspec.field(name="authoritymatrix", default=None)
    """Content hash of the matrix version that gave the power."""
    authority_step: _Step | None = msgspec.field(name="authoritystep", default=None)
    calendar: _Digest | None = None
    causation_id: str | None = msgspec.field(name="causationid", default=None)
    command_id: str = msgspec.field(name="commandid")
    correlation_id: str = msgspec.field(name="correlationid")
    data: msgspec.Raw
    schema: str = msgspec.field(name="dataschema")
    delegation: _Name | None = None
    id: str
    """UUIDv7 of the event, lower-case with dashes."""
    import_batch: _Name | None = msgspec.field(name="importbatch", default=None)
    """The approved batch with which an imported event came."""
    on_behalf_of: _Name | None = msgspec.field(name="onbehalfof", default=None)
    """Person for whom a delegate acted."""
    origin: Literal["import"] | None = None
    """`import` if a file says that it happened, absent if the ledger saw it happen."""
    policy_hash: _Digest = msgspec.field(name="policyhash")
    """Digest of the access policy under which the command was let in."""
    previous_leaf: _Digest | None = msgspec.field(name="prev", default=None)
    """Leaf hash of the previous event of the same stream; absent on the first."""
    reason: str | None = None
    recorded_at: _Instant = msgspec.field(name="recordedtime")
    rulebook: _Digest | None = None
    source: str
    """The ledger, `urn:opsledger:<name>`."""
    specversion: Literal["1.0"]
    version: _Version = msgspec.field(name="streamversion")
    stream: _Stream = msgspec.field(name="subject")
    occurred_at: _Instant = msgspec.field(name="time")
    traceparent: str | None = None
    type: str
