"""Asking the read side inside one process, without a socket."""

import httpx2
from starlette.testclient import TestClient

from opsledger_projections.http.app import create_app
from opsledger_projections.projections import Projections


def local_client(projections: Projections) -> httpx2.Client:
    """Make a client whose requests are answered by an open read side of this process."""
    return TestClient(create_app(projections))
