"""Wherever a process dies, the order ends as if it had not; seven that are wrong are found out."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from app.availability import ledger
from app.availability.refusals import InsufficientStock
from app.orders.charging import GRACE
from app.orders.turns import LEASE
from app.store import Store, Work
from tests.orders.crash.buyers import Told
from tests.orders.dying import (
    RIGHT,
    Life,
    Variant,
    plenty,
    process,
    violations,
    worked_off,
    wrong_at_any_point,
)
from tests.orders.world import GOOD, Kinds, World, a_purchase, opened
from tests.orders.wrong import DYING, ChecksFirst, Unleased

BOTH = [plenty("shop"), plenty("dc")]
BUYERS, PIECES = 12, 2


@pytest.mark.parametrize("token", ["tok_ok", "tok_declined", "tok_lost", "tok_fail"])
async def test_it_adds_up_wherever_a_process_dies(store: Store, token: str) -> None:
    async with opened(store) as world:
        points, wrong = await wrong_at_any_point(world, RIGHT, token, BOTH)

    assert wrong == []
    assert points >= (6 if token == "tok_declined" else 20)


@pytest.mark.parametrize(
    ("variant", "found"), [pytest.param(*one, id=one[0].name) for one in DYING]
)
async def test_at_some_point_it_does_not(store: Store, variant: Variant, found: str) -> None:
    async with opened(store) as world:
        _, wrong = await wrong_at_any_point(world, variant, GOOD, BOTH)

    assert any(found in one for one in wrong), wrong


@dataclass
class Gate:
    """A payment provider that is asked, and then thinks about it."""

    provider: Any
    asked: asyncio.Event
    go: asyncio.Event

    def __getattr__(self, name: str) -> Any:
        return getattr(self.provider, name)

    async def authorise(self, request: Any) -> Any:
        self.asked.set()
        await self.go.wait()
        return await self.provider.authorise(request)


async def paid_while_others_look(world: World, variant: Variant) -> list[str]:
    """A good card is asked for money; meanwhile another process does all it finds to do."""
    await world.stock(*BOTH)
    purchase = await world.purchase("a", *BOTH)
    charging = world.steps.charging
    assert charging.desk is not None
    gate = Gate(charging.desk.provider, asyncio.Event(), asyncio.Event())
    service, _ = process(world, variant, Life(), gate)
    _, other = process(world, variant, Life())
    buying = asyncio.ensure_future(service.place(purchase))
    await gate.asked.wait()
    world.clock.move(GRACE.total_seconds())
    await other.round()
    gate.go.set()
    number = (await buying).order.number
    world.clock.move(LEASE.total_seconds())
    await worked_off(world, other)
    return await violations(world, {"a": Told("PLACED", "a", number)})


async def test_whoever_is_paying_is_left_alone(store: Store) -> None:
    async with opened(store) as world:
        assert await paid_while_others_look(world, RIGHT) == []


async def test_without_a_lease_they_are_not(store: Store) -> None:
    variant = Variant("5-no-lease", Kinds(service=Unleased))
    async with opened(store) as world:
        wrong = await paid_while_others_look(world, variant)

    assert [one.split(":")[0] for one in wrong] == ["undone"]


async def flash_sale(world: World, store: Any) -> list[bool]:
    """Which of a dozen buyers, who all come at once, get one of two pieces."""
    await world.stock(BOTH[0], on_hand=PIECES)
    service, _ = process(world, Variant("flash", store=lambda _: store), Life())
    until = world.clock() + timedelta(minutes=15)

    async def bought(key: str) -> bool:
        def hold(work: Work) -> ledger.Hold:
            return ledger.place(work, f"cart:{key}", {BOTH[0]: 1}, until=until)

        try:
            held = await store.act(hold, now=world.clock())
            await service.place(a_purchase(key, held))
        except InsufficientStock:
            return False
        return True

    return await asyncio.gather(*(bought(str(buyer)) for buyer in range(BUYERS)))


async def test_the_last_pieces_are_sold_to_as_many(store: Store) -> None:
    async with opened(store) as world:
        assert sum(await flash_sale(world, store)) == PIECES


async def test_who_looks_before_they_take_does_not_sell_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """6: all of them look, and then all of them take."""
    looked = ledger.sellable

    def stale(connection: Connection, spots: Any, *, locked: bool = False, **more: Any) -> Any:
        seen = ChecksFirst.SELLABLE.get()
        return seen if locked and seen else looked(connection, spots, locked=locked, **more)

    monkeypatch.setattr(ledger, "sellable", stale)
    together = asyncio.Barrier(BUYERS)
    async with opened(store) as world:
        sold = sum(await flash_sale(world, ChecksFirst(store, BOTH[:1], together.wait)))

    assert sold == 0  # a dozen hold two pieces, so that nobody may buy them
