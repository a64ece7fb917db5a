"""A process that dies at one chosen point: before or after any act, or any call of an upstream.

What was done by then is done; the rest of it never happens. Another process goes on: the same
buyer asks it again, and it works on whatever is due.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection, func, select

from app.availability.model import Spot
from app.availability.refusals import HoldSuperseded
from app.errors import Refusal
from app.orders.service import OrderService, Purchase
from app.orders.tables import orders
from app.orders.turns import LEASE
from app.orders.working import OrderWorker
from app.store import Store
from app.values import LocationCode, Sku
from connectors.sandbox.retailer.catalogue import assortment
from connectors.sandbox.retailer.shelves import stock
from connectors.sandbox.specimen import SEED
from tests.orders.crash.buyers import Told
from tests.orders.crash.sums import added_up, books_of
from tests.orders.world import NOON, PATIENCE, PLACES, Kinds, World, assembled

ON_HAND = 1_000
LONG = 600  # seconds: more than any wait between two tries


class Died(BaseException):
    """The process is gone."""


@dataclass
class Life:
    """What a process does, counted; it ends `at` a point, or never."""

    at: int | None = None
    points: list[str] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return self.at is not None and len(self.points) >= self.at

    def passed(self, point: str) -> None:
        self.alive()
        self.points.append(point)
        self.alive()

    def alive(self) -> None:
        if self.over:
            raise Died(self.points[-1])


class Mortal:
    """A store or a port in the hands of a process that may die."""

    def __init__(self, inner: Any, life: Life) -> None:
        self._inner = inner
        self._life = life

    def __getattr__(self, name: str) -> Any:
        call: Callable[..., Any] = getattr(self._inner, name)

        async def within(*given: Any, **more: Any) -> Any:
            if name == "read":
                self._life.alive()
                return await call(*given, **more)
            self._life.passed(f"before {name}")
            result = await call(*given, **more)
            self._life.passed(f"after {name}")
            return result

        return within


@dataclass(frozen=True)
class Variant:
    """How a process is built. The right one unless told otherwise."""

    name: str
    kinds: Kinds = field(default_factory=Kinds)
    store: Callable[[Any], Any] = lambda store: store


RIGHT = Variant("right")


def process(
    world: World, variant: Variant, life: Life, provider: Any | None = None
) -> tuple[OrderService, OrderWorker]:
    """A gateway over a world, for as long as it lives; perhaps over another payment provider."""
    desk = world.steps.charging.desk
    assert desk is not None
    store: Store = variant.store(Mortal(world.store, life))
    sinks = {name: Mortal(one.sink, life) for name, one in world.steps.sinks.items()}
    paying = Mortal(provider or desk.provider, life)
    *_, worker, service = assembled(store, world.clock, sinks, paying, PATIENCE, variant.kinds)
    return service, worker


async def wrong_at_any_point(
    world: World, variant: Variant, token: str, spots: list[Spot]
) -> tuple[int, list[str]]:
    """What does not add up after a death, at the first point where anything does not.

    And how many points there were.
    """
    await world.stock(*spots, on_hand=ON_HAND)
    told: dict[str, Told] = {}
    point = 0
    while True:
        point += 1
        life = Life(at=point)
        await _bought_twice(world, variant, life, token, spots, told)
        if (wrong := await violations(world, told)) or not life.over:
            return len(life.points), wrong


async def _bought_twice(
    world: World, variant: Variant, life: Life, token: str, spots: list[Spot], told: dict[str, Told]
) -> None:
    key = f"{token}-{life.at}"
    purchase = await world.purchase(key, *spots, token=token)
    service, worker = process(world, variant, life)
    try:
        told[f"first {key}"] = await _asked(world, service, purchase)
        while await worker.round():
            pass
    except Died:
        world.clock.move(LEASE.total_seconds())
    service, worker = process(world, variant, Life())
    told[f"second {key}"] = await _asked(world, service, purchase)
    await worked_off(world, worker)


async def _asked(world: World, service: OrderService, purchase: Purchase) -> Told:
    """Who has lost what was held holds it again, and asks again."""
    try:
        placed = await service.place(purchase)
    except HoldSuperseded:
        spots = [Spot(line.sku, line.location) for line in purchase.lines]
        anew = await world.purchase(str(purchase.cart), *spots, token=str(purchase.token))
        placed = await service.place(anew)
    except Refusal as refusal:
        return Told(f"REFUSED: {refusal.code}", purchase.cart)
    return Told(placed.order.state, purchase.cart, placed.order.number)


async def worked_off(world: World, worker: OrderWorker) -> None:
    """Everything that is due is done, also what is due later."""

    def left(connection: Connection) -> int:
        question = select(func.count()).select_from(orders).where(orders.c.due_at.is_not(None))
        return int(connection.execute(question).scalar_one())

    for _ in range(10):
        while await worker.round():
            pass
        if not await world.store.read(left):
            return
        world.clock.move(LONG)


async def violations(world: World, told: dict[str, Told]) -> list[str]:
    """What does not add up, by what buyers were told and by everybody's books."""
    books = books_of(world.systems)
    sums = await world.store.read(partial(added_up, books=books, on_hand=ON_HAND))
    sums.acknowledged(told)
    return sums.violations


def plenty(sink: str) -> Spot:
    """What a sink has most of."""
    held, place = stock(SEED), PLACES[sink]

    def left(sku: str) -> int:
        count = held.count(sku, place, NOON)
        return 0 if count is None else count.pieces - count.set_aside

    return Spot(Sku(max(assortment(SEED).skus, key=left)), LocationCode(place))
