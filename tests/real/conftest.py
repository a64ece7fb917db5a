"""The live systems that all tests here share; what a test adds, the others do not look at."""

from collections.abc import Iterator

import pytest

from tests.real.tryton.server import TrytonServer, tryton_server
from tests.real.vendure.live import live
from tests.real.vendure.server import VendureServer


@pytest.fixture(scope="session")
def vendure() -> Iterator[VendureServer]:
    with live() as running:
        yield running


@pytest.fixture(scope="session")
def tryton() -> Iterator[TrytonServer]:
    with tryton_server() as running:
        yield running
