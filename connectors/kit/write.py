"""What is one write of a port, and what must the upstream hold afterwards?"""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any

from connectors.kit.specimen import Effect, Specimen

Make = Callable[[Any, Specimen], Awaitable[Hashable]]
"""Writes over a connection; what is said of it must be the same whenever it is repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write of a port. `before` are those that come first, `effects` what is there at last."""

    port: str
    name: str
    make: Make
    before: tuple[Make, ...] = ()
    effects: Callable[[Specimen], list[Effect]]
    held: Callable[[Specimen, Any], list[Effect]]
