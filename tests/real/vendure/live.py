"""Is there a Vendure for a test? If not, it is skipped with a loud word, and in CI it fails."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest

from tests.real.vendure.server import CannotRunVendureError, VendureServer, vendure_server

WITHOUT = "no live Vendure: "


@contextmanager
def live(
    start: Callable[[], AbstractContextManager[VendureServer]] = vendure_server,
) -> Iterator[VendureServer]:
    """A running Vendure."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(start())
        except CannotRunVendureError as error:
            if os.environ.get("CI") == "true":
                pytest.fail(f"{WITHOUT}{error}", pytrace=False)
            pytest.skip(f"{WITHOUT}{error}")
        yield server
