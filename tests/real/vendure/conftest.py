"""What the tests of this folder may ask for."""

from collections.abc import Iterator

import pytest

from tests.real.vendure.live import live
from tests.real.vendure.server import VendureServer


@pytest.fixture
def server(vendure: VendureServer) -> VendureServer:
    return vendure


@pytest.fixture
def changing() -> Iterator[VendureServer]:
    """A Vendure of the test's own, to change."""
    with live() as running:
        yield running
