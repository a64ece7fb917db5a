"""Where else are units that a sink refused? Over the whole embedded retailer."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.main import utc_now
from app.orders.finding import Elsewhere
from app.orders.model import Handing, HandingState, Order, OrderNumber, OrderState
from app.orders.sourcing import NotKnownError, Wanted
from app.ports import Promised, SoldLine
from app.promises.ranking import Preference
from app.values import ChannelCode, FulfilmentMethod, LocationCode, Sku
from connectors.sandbox.faults import Fault
from tests.gateways import Sandbox, sandbox_gateway
from tests.orders.world import ADA, VERONA, euro

SHOP, WAREHOUSE = LocationCode("ECOM-1"), LocationCode("WH-1")
STORE = LocationCode("ST-MIL")
SENT, FETCHED = FulfilmentMethod.SHIP_TO_HOME, FulfilmentMethod.PICK_UP_IN_STORE
EVER = Promised(earliest=utc_now(), latest=datetime(2100, 1, 1, tzinfo=UTC))
PAST = Promised(earliest=utc_now(), latest=utc_now())


@dataclass
class Retailer:
    """The sandbox, something that both its shop and its warehouse have, and who finds it."""

    sandbox: Sandbox
    sku: Sku
    finder: Elsewhere

    def wanted(self, *barred: str, units: int = 1, **changes: Any) -> Wanted:
        order = replace(an_order(self.sku, units), **changes)
        return Wanted(order=order, units={self.sku: units}, barred={self.sku: barred})

    def has(self, system: str, place: LocationCode) -> int:
        served: Any = self.sandbox.upstreams[system].served
        left: int = served.state.book.left(self.sku, place)
        return left


def an_order(sku: Sku, units: int) -> Order:
    line = SoldLine(sku=sku, quantity=units, unit_price=euro("20.00"), location=SHOP)
    return Order(
        number=OrderNumber("23456789AB"),
        state=OrderState.PLACED,
        cart=None,
        channel=ChannelCode("WEB"),
        placed_at=utc_now(),
        buyer=ADA,
        address=VERONA,
        method=SENT,
        promised=None,
        promise_token=None,
        delivery=euro("5.00"),
        total=euro("25.00"),
        charge=None,
        handings=(Handing(sink="shop", state=HandingState.REFUSED, lines=(line,)),),
    )


@pytest.fixture
async def retailer() -> AsyncIterator[Retailer]:
    freshness = {"stock": {"fresh_for": "PT0S"}}
    async with sandbox_gateway(freshness=freshness, connection={"timeout": "PT20S"}) as sandbox:
        services, settings = sandbox.gateway.services, sandbox.gateway.settings
        finder = Elsewhere(
            availability=services.availability,
            promises=services.promises,
            preference=Preference.of(settings.promises),
            channels=settings.channels,
            partners={},
            route=settings.bind.order_sink,
            now=utc_now,
            within=timedelta(seconds=20),
        )
        found = await sandbox.ask.data(
            "{ products(first: 50) { edges { node { variants { sku } } } } }"
        )
        edges = found["products"]["edges"]
        for sku in [one["sku"] for edge in edges for one in edge["node"]["variants"]]:
            retailer = Retailer(sandbox, Sku(sku), finder)
            if retailer.has("shop", SHOP) > 3 and retailer.has("warehouse", WAREHOUSE) > 3:
                break
        yield retailer


async def test_what_was_not_promised_is_sent_from_where_there_is_all_of_it(
    retailer: Retailer,
) -> None:
    found = await retailer.finder.find(retailer.wanted("shop"))

    assert found is not None
    assert [(one.location, units) for one, units in found.demand.items()] == [(WAREHOUSE, 1)]
    assert found.expected is None
    [news] = found.news
    assert (news.source, news.level.sku, news.level.location) == (
        "warehouse",
        retailer.sku,
        WAREHOUSE,
    )
    assert news.level.on_hand > 3


async def test_what_was_promised_is_promised_again_in_time_where_that_can_be(
    retailer: Retailer,
) -> None:
    in_time = await retailer.finder.find(retailer.wanted("shop", promised=EVER))
    late = await retailer.finder.find(retailer.wanted("shop", promised=PAST))

    assert in_time is not None
    assert in_time.expected is None
    assert late is not None
    assert late.expected is not None
    assert late.expected.latest > PAST.latest
    for one in (in_time, late):
        assert [(spot.location, units) for spot, units in one.demand.items()] == [(WAREHOUSE, 1)]


async def test_it_is_never_taken_from_who_refused_it_or_carries_out_nothing(
    retailer: Retailer,
) -> None:
    everybody = ("shop", "warehouse")
    for promised in (None, EVER):
        app = retailer.wanted(*everybody, promised=promised, channel=ChannelCode("APP"))
        assert await retailer.finder.find(app) is None  # though the stores and suppliers have it


async def test_what_the_channel_keeps_from_sale_is_there_for_what_it_has_sold(
    retailer: Retailer,
) -> None:
    rules = retailer.finder.channels["WEB"].model_copy(update={"global_buffer": 9_999})
    finder = replace(retailer.finder, channels={"WEB": rules})

    assert await finder.find(retailer.wanted("shop", promised=EVER)) is not None
    assert await finder.find(retailer.wanted("shop")) is not None


async def test_more_than_there_is_is_nowhere(retailer: Retailer) -> None:
    for promised in (None, EVER):
        many = retailer.wanted("shop", units=5_000, promised=promised)
        assert await retailer.finder.find(many) is None


async def test_what_a_silent_system_may_have_is_not_known(retailer: Retailer) -> None:
    retailer.sandbox.upstreams["warehouse"].break_with(Fault(kind="fail"))
    for promised in (None, EVER):
        with pytest.raises(NotKnownError):
            await retailer.finder.find(retailer.wanted("shop", promised=promised))


async def test_who_is_silent_and_has_refused_it_is_not_waited_for(retailer: Retailer) -> None:
    retailer.sandbox.upstreams["shop"].break_with(Fault(kind="fail"))
    for promised in (None, EVER):
        many = retailer.wanted("shop", units=5_000, promised=promised)
        assert await retailer.finder.find(many) is None


async def test_what_is_fetched_is_not_sourced_elsewhere_unless_it_was_promised(
    retailer: Retailer,
) -> None:
    loose = retailer.wanted("shop", method=FETCHED, address=None)
    promised = retailer.wanted("shop", method=FETCHED, address=None, promised=EVER, store=STORE)
    brought = await retailer.finder.find(promised)

    assert await retailer.finder.find(loose) is None
    assert brought is not None
    assert [one.location for one in brought.demand] == [WAREHOUSE]


async def test_a_channel_that_was_closed_has_nothing(retailer: Retailer) -> None:
    gone = retailer.wanted("shop", channel=ChannelCode("GONE"))
    assert await retailer.finder.find(gone) is None
