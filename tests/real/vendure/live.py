"""Is there a Vendure for a test? If not, it is skipped with a loud word, and in CI it fails."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from tests.node import NoNodeError, absent
from tests.real.vendure.server import VendureServer, vendure_server

WITHOUT = "no live Vendure"


@contextmanager
def live(
    start: Callable[[], AbstractContextManager[VendureServer]] = vendure_server,
) -> Iterator[VendureServer]:
    """A running Vendure."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(start())
        except NoNodeError as error:
            absent(WITHOUT, error)
        yield server
