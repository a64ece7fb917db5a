"""How often is the store asked for one order? No row is read twice without need, nor written."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from app.orders.model import OrderState
from app.store import Store
from tests.orders.world import opened, spot

SHOP, DC = spot("shop"), spot("dc")
ASKING = ("SELECT", "INSERT", "UPDATE", "DELETE")


@contextmanager
def counted(store: Any) -> Iterator[list[str]]:
    """The statements of a block, without those that begin and end a transaction."""
    engine: Any = getattr(store.engine, "sync_engine", store.engine)
    asked: list[str] = []

    def note(*told: Any) -> None:
        if told[2].startswith(ASKING):
            asked.append(" ".join(told[2].split()))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def test_one_order_is_so_many_statements(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP, DC)
        with counted(store) as held:
            purchase = await world.purchase("a", SHOP, DC)
        with counted(store) as placed:
            order = (await world.service.place(purchase)).order
        with counted(store) as worked:
            assert await world.worker.round() == 1
        assert order.state is OrderState.PLACED
        assert (await world.worked(order)).state is OrderState.SOURCED

    assert (len(held), len(placed), len(worked)) == (7, 21, 19)
