"""Reading pages one after the other over one connection, as a single reader does."""

import msgspec
from benchmarks.load import Measured, Run, place_of
from benchmarks.processes import Program
from benchmarks.submissions import TOKENS


def read(load: Program, address: str, paths: tuple[str, ...]) -> Measured:
    """Have the load read paths; every answer must be a success."""
    host, port = place_of(address)
    run = Run(
        name="pages",
        host=host,
        port=port,
        tokens=TOKENS[:1],
        connections=1,
        warm_up_s=0,
        seconds=0,
        pages=paths,
    )
    load.write(msgspec.json.encode(run).decode())
    measured = msgspec.json.decode(load.read(), type=Measured)
    assert not measured.refused, measured.first_refusal
    return measured
