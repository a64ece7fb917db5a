"""What is every new order made of, whoever it is of? A number, and a part for each sink."""

import secrets
from collections.abc import Iterable

from app.orders.model import Handing, HandingState, OrderNumber
from app.orders.refusals import NobodyCarriesOut
from app.orders.replacing import Route
from app.ports import SoldLine

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is taken for something else
NUMBER = 10  # characters: with a million orders, one in 590 million numbers is taken


def new_number() -> OrderNumber:
    """What no order is called yet."""
    return OrderNumber("".join(secrets.choice(ALPHABET) for _ in range(NUMBER)))


def parts_of(lines: Iterable[SoldLine], route: Route) -> tuple[Handing, ...]:
    """The part of each sink.

    Raises:
        NobodyCarriesOut: nobody takes orders for a location, or there is nothing.
    """
    by_sink: dict[str, list[SoldLine]] = {}
    for line in lines:
        if (sink := route(line.location)) is None:
            raise NobodyCarriesOut
        by_sink.setdefault(sink, []).append(line)
    if not by_sink:
        raise NobodyCarriesOut
    return tuple(
        Handing(sink=sink, state=HandingState.WAITING, lines=tuple(its), with_fee=number == 0)
        for number, (sink, its) in enumerate(by_sink.items())
    )
