"""What hashing, chain and tree cost of appending, by the processor time of the functions alone."""

from itertools import islice

from benchmarks.measure import Figure, Scale, alternate, limit, rate
from benchmarks.mix import Mix

from opsledger_contracts.evidence.merkle import Frontier, leaf_hash

GROUP = 64


def share_of_hashing(scale: Scale, database: str, events: int, append_rate: float) -> Figure:
    """Hold the time that an event's hash, its place in the chain and in the tree take.

    The same functions run over the same entries, in groups of the size of a commit: the leaf hash,
    its text form for the next event of the stream, and the tree's frontier.
    """
    commands = islice(Mix(scale.streams).commands(events), scale.commands)
    groups: list[list[bytes]] = []
    while group := [made.entry for command in islice(commands, GROUP) for made in command]:
        groups.append(group)

    def hashing() -> int:
        frontier = Frontier()
        tails: dict[int, str] = {}
        for entries in groups:
            leaves = [leaf_hash(entry) for entry in entries]
            for place, leaf in enumerate(leaves):
                tails[place] = leaf.hex()
            frontier.extend(leaves)
        return frontier.size

    (hashed,) = alternate(lambda: rate(hashing), runs=scale.rounds)
    return limit(
        f"hashing, chain and tree, share of the append rate on {database}, {events} a command",
        "%",
        100 * append_rate / hashed,
        15,
        detail=f"{1e6 / hashed:.2f} us of {1e6 / append_rate:.1f} us an event",
    )
