"""Where a unit stands in the organisation."""

from opsledger_ledger.domain.deciding import World
from opsledger_ledger.domain.unit import Unit


def stands_in(world: World, unit: str | None, above: str) -> bool:
    """Tell whether a unit is `above` itself or stands anywhere under it."""
    while unit is not None and unit != above:
        found = world.get(Unit, unit)
        unit = None if found is None else found.parent
    return unit is not None
