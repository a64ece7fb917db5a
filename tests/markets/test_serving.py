"""A gateway that serves sells through a marketplace by itself, from the listing to the shelf."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, select

from app.errors import MisconfiguredError
from app.main import Gateway
from app.markets import listing_rows
from app.markets.tables import market_orders, market_sources
from app.orders import repository
from app.ports import find_connectors
from app.settings import load, parse
from app.upstream.registry import plan
from app.values import Sku
from connectors.kit.manifests import CONNECTORS
from connectors.sandbox.retailer.catalogue import assortment
from connectors.sandbox.retailer.market import Market as Site
from connectors.sandbox.retailer.market_desk import SOMEBODY
from connectors.sandbox.retailer.places import DEPOT
from connectors.sandbox.retailer.shelves import stock
from connectors.sandbox.specimen import SEED
from tests.gateways import STOCKED_AT, Sandbox, sandbox_gateway
from tests.streams.served import until
from tests.webhooks.receiving import SECRET
from tests.webhooks.test_hearing import signed


def _most_of() -> Sku:
    """What the depot has most of, on the shelves that the tests buy from."""
    held = stock(SEED)

    def left(sku: str) -> int:
        count = held.count(sku, DEPOT, STOCKED_AT)
        return 0 if count is None else count.pieces - count.set_aside

    return Sku(max(assortment(SEED).skus, key=left))


THING = _most_of()
TERMS = {
    "channel": "MARKET",
    "locations": ("ECOM-1", "WH-1"),
    "poll_every": "PT0.05S",
    "look_every": "PT0.2S",
    "skus": (THING,),
    "buffer": 1,
}


def site_of(sandbox: Sandbox) -> Site:
    served: Any = sandbox.upstreams["market"].served
    site: Site = served.state.market
    return site


async def settled(gateway: Gateway, site: Site) -> bool:
    """Whether the marketplace shows what we say, and we know that it does."""
    found = await gateway.store.read(partial(listing_rows.shown, name="market", skus=[THING]))
    one = found.get(Sku(THING))
    return one is not None and not one.differs and one.quantity == site.offers[THING].quantity


async def until_settled(sandbox: Sandbox) -> int:
    """How many are shown, once that is what we say."""
    site = site_of(sandbox)
    while not await settled(sandbox.gateway, site):
        pass
    return site.offers[THING].quantity


async def test_what_is_sold_there_leaves_our_shelf_once_and_less_is_shown() -> None:
    async with sandbox_gateway(markets={"market": TERMS}, server={"metrics": True}) as sandbox:
        site, shop = site_of(sandbox), sandbox.upstreams["shop"]
        await until(lambda: site.offers[THING].buyable)
        before = await until_settled(sandbox)
        told = site.published
        sold = site.buy({THING: 3}, SOMEBODY)
        served: Any = shop.served
        await until(lambda: bool(served.state.book.orders))
        await until(lambda: sold.accepted and site.published > told)
        await until(lambda: site.offers[THING].quantity <= before - 3)
        after = await until_settled(sandbox)
        orders = await sandbox.gateway.store.read(partial(repository.page, first=10))
        text = (await sandbox.ask.http.get("/metrics")).text

    (order,) = orders
    assert [(line.sku, line.quantity) for line in order.lines] == [(THING, 3)]
    assert list(served.state.book.orders) == [order.number]
    assert order.buyer.email == SOMEBODY["mail"]
    assert after <= before - 3
    assert 'tessera_market_orders_taken_total{market="market"} 1.0' in text
    assert 'tessera_market_orders{fate="REFUSED",market="market"} 0.0' in text
    assert "tessera_market_listings_lag_seconds" in text


def _orders_known(connection: Connection) -> set[str]:
    return set(connection.scalars(select(market_orders.c.number)))


async def test_a_message_has_an_order_read_long_before_the_next_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    changes = {
        "markets": {"market": {**TERMS, "poll_every": "PT1H"}},
        "hearing": {"market": {"secrets": [{"env": "HOOK"}]}},
        "server": {"metrics": True},
    }
    async with sandbox_gateway(**changes) as sandbox:
        site = site_of(sandbox)
        await until(lambda: site.offers[THING].buyable)
        await _read_once(sandbox.gateway)
        named, other = [site.buy({THING: 1}, SOMEBODY) for _ in range(2)]
        body = orjson.dumps({"order": named.no})
        answers = [await _heard(sandbox, "m-1", body) for _ in range(2)]
        await until(lambda: named.accepted)
        known = await sandbox.gateway.store.read(_orders_known)
        answers.append(await _heard(sandbox, "m-2", b"{}"))  # something has changed
        await until(lambda: other.accepted)
        answers.append(await _heard(sandbox, "m-3", b"{}", secret="whsec_" + "A" * 32))
        text = (await sandbox.ask.http.get("/metrics")).text

    assert answers == [202, 202, 202, 404]
    assert named.no in known
    assert other.no not in known
    for outcome, count in (("TAKEN", 2), ("DUPLICATE", 1), ("NOT_SIGNED", 1)):
        labels = f'connection="market",outcome="{outcome}"'
        assert f"tessera_webhooks_heard_total{{{labels}}} {count}.0" in text


async def _heard(sandbox: Sandbox, id_: str, body: bytes, secret: str = SECRET) -> int:
    headers = signed(id_, datetime.now(UTC), secret, body)
    answer = await sandbox.ask.http.post("/webhooks/market", content=body, headers=headers)
    return answer.status_code


async def _read_once(gateway: Gateway) -> None:
    def polled(connection: Connection) -> bool:
        return connection.execute(select(market_sources.c.polled_at)).scalar() is not None

    while not await gateway.store.read(polled):
        pass


def settings(**changes: Any) -> dict[str, Any]:
    found = load(find_connectors(CONNECTORS)["sandbox"].folder / "demo.toml").model_dump()
    return {**found, "markets": {"market": {**TERMS, **changes}}}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"channel": "MRAKET"}, "did you mean 'MARKET'"),
        ({"price_list": "none"}, r"markets\.market\.price_list names"),
        ({"locations": ("NOWHERE",)}, "no connection knows the stock of 'NOWHERE'"),
        ({"locations": ()}, r"markets\.market\.locations"),
        ({"buffer": -1}, r"markets\.market\.buffer"),
    ],
)
def test_what_cannot_be_is_told_at_the_start(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(MisconfiguredError, match=problem):
        parse(settings(**changes))


def test_a_list_of_other_money_or_without_taxes_is_none_for_buyers() -> None:
    told = settings(price_list="there")
    for listed, problem in (
        ({"currency": "GBP"}, "not in the currency of the channel"),
        ({"currency": "EUR", "tax_included": False}, "without taxes"),
    ):
        told["pricing"] = {"lists": {"there": {"prices": {"A": "1.00"}, **listed}}}
        with pytest.raises(MisconfiguredError, match=problem):
            parse(told)


def test_only_a_marketplace_can_be_one() -> None:
    told = settings()
    told["markets"] = {"shop": told["markets"]["market"]}
    with pytest.raises(MisconfiguredError, match="has no OrderSource or ListingSink"):
        plan(parse(told), find_connectors(CONNECTORS))
