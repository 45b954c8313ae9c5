"""What the tests of the rules share."""

from pathlib import Path

import pytest

from support.released import Released


@pytest.fixture
def released(request: pytest.FixtureRequest) -> Released:
    """Compares what a test found with what was released for it, in `released/`."""
    folder = Path(__file__).parent / "released"
    name: str = request.node.name
    return Released(folder / f"{request.path.stem}.json", name)
