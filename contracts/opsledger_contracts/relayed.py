"""How a ledger's delivery copy on NATS JetStream is named, for the relay and for who reads it.

One stream holds one ledger. Its sequence is the position of the ledger, and a message is the entry
itself: the structured form of CloudEvents 1.0.
"""

from typing import Final

STREAM: Final = "opsledger"
"""Name of the stream unless an operator chooses another."""

STREAM_PATTERN: Final = r"^[A-Za-z0-9_-]{1,64}$"

MEDIA_TYPE: Final = "application/cloudevents+json"


def subjects(stream: str) -> str:
    """Tell the subjects that a stream collects."""
    return f"{stream}.>"


def subject(stream: str, type_name: str) -> str:
    """Tell the subject of an entry, such as `opsledger.letter.signed.v1`."""
    return f"{stream}.{type_name}"


def announcements(stream: str) -> str:
    """Tell the subject on which the relay says how far it has come, as a decimal number.

    It is a hint that spares waiting readers a look; one that is lost costs nothing but time.
    """
    return f"{stream}-relayed"
