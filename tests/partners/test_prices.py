"""A partner is told its own prices, hears when they change, and nobody else pays them."""

from datetime import timedelta
from typing import Any

from app.settings import Webhook
from app.store import Store
from app.webhooks.messages import STREAMS, message_of, whose
from tests.builders import NOON
from tests.partners.selling import ACME, CHANNELS, LISTS, PARTNERS, ZETA, a_shop, market
from tests.promises.worlds import MONDAY
from tests.webhooks.receiving import Delivered, an_endpoint

ITEM = "sku status availableToSell prices { amount currency } version"
EVENTS = f"""query($after: Cursor) {{ assortmentEvents(after: $after, first: 100) {{ cursor
  events {{ __typename ... on StreamEvent {{ cursor }}
  ... on AssortmentSnapshot {{ seq lastSeq complete items {{ {ITEM} }} }}
  ... on AssortmentDelta {{ seq prevSeq entity version change occurredAt
    item {{ {ITEM} }} }} }} }} }}"""
LATER = MONDAY + timedelta(days=3)
DATED: dict[str, Any] = {
    **LISTS,
    "acme-sale": {
        "currency": "EUR",
        "prices": {"A": "9.90", "C": "1.00"},
        "starts": LATER.isoformat(),
        "priority": 10,
    },
}
WITH_SALE = {
    **PARTNERS,
    "acme": {**PARTNERS["acme"], "price_list": ["acme-eur", "acme-gbp", "acme-sale"]},
}


def prices(item: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["amount"], one["currency"]) for one in item["prices"]]


async def test_each_item_has_the_partners_own_prices(store: Store) -> None:
    async with market(store) as there:
        [acme] = (await there.data(EVENTS, ACME))["assortmentEvents"]["events"]
        [zeta] = (await there.data(EVENTS, ZETA))["assortmentEvents"]["events"]

    assert [prices(one) for one in acme["items"]] == [
        [("12.50", "EUR"), ("11.00", "GBP")],
        [("20.00", "EUR")],
        [],
    ]
    assert [prices(one) for one in zeta["items"]] == [[("12.50", "EUR")]]


async def test_a_price_that_begins_is_an_event_of_its_own_and_holds_from_then_on(
    store: Store,
) -> None:
    async with market(store, pricing={"lists": DATED}, partners=WITH_SALE) as there:
        before = await there.placed("R-1")
        cursor = (await there.data(EVENTS, ACME))["assortmentEvents"]["cursor"]
        there.clock.now = LATER
        there.shop.levels = a_shop(A=20).levels
        early = await there.place("R-0", lines=[{"sku": "A", "quantity": 2}])
        untold = await there.place("R-0", lines=[{"sku": "C", "quantity": 1}])
        await there.look()
        page = (await there.data(EVENTS, ACME, after=cursor))["assortmentEvents"]
        events = there.gateway.gateway.services.events
        endpoint: Webhook = an_endpoint("http://127.0.0.1", partner="acme")
        told = await events.page(STREAMS[endpoint.tells], after=cursor, **whose(endpoint))
        made = [message_of("acme", endpoint, one, now=NOON) for one in told]
        await there.look()
        silence = (await there.data(EVENTS, ACME, after=page["cursor"]))["assortmentEvents"]
        after = await there.placed("R-2")

    assert (early["code"], untold["code"]) == ("PRICE_CHANGED", "NOT_PRICED")
    assert (early["before"], early["after"]) == ({"amount": "25.00"}, {"amount": "19.80"})
    changes = {one["entity"]: one for one in page["events"]}
    assert {sku: one["change"] for sku, one in changes.items()} == {"A": "PRICED", "C": "PRICED"}
    assert prices(changes["A"]["item"]) == [("9.90", "EUR"), ("11.00", "GBP")]
    assert changes["A"]["item"]["availableToSell"] == 20
    assert [Delivered({}, one.body, 204).event for one in made if one] == page["events"]
    assert silence["events"] == []
    assert (before["total"]["amount"], after["total"]["amount"]) == ("12.50", "9.90")
    assert after["lines"][0]["priceList"] == "acme-sale"


async def test_nobody_else_pays_what_a_partner_pays(store: Store) -> None:
    """Not even where the list may take the place of the owner's prices."""
    lists = {**LISTS, "acme-eur": {**LISTS["acme-eur"], "over": ["shop"]}}
    text = '{ variants(skus: ["A"]) { price { amount { amount } priceList } } }'
    async with market(store, pricing={"lists": lists}, channels=CHANNELS) as there:
        told = await there.data(text, {})

    assert told["variants"] == [{"price": {"amount": {"amount": "30.00"}, "priceList": None}}]
