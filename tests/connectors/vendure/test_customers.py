"""Customers at Vendure: what is said to it, and what its recorded answers mean."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest

from app.errors import UpstreamBroken, UpstreamUnavailable
from app.ports import Contact, ContactKind, CustomerKey, PurchaseStatus
from app.values import CountryCode, CurrencyCode, Money
from connectors.vendure.customer_mapping import customer, purchase, purchases
from connectors.vendure.specimen_customers import ADA, CUSTOMERS, GRACE
from connectors.vendure.specimen_orders import KEY_FIELD, ORDERS
from tests.connectors.vendure.wire import FakeHttp, a_connection, asked, recorded

ROWS: dict[str, Any] = {
    row["id"]: row for row in recorded("customers")["data"]["customers"]["items"]
}
BOUGHT = list(purchases(recorded("customer-orders")["data"]["customers"]["items"]))


def a_shop(http: FakeHttp) -> Any:
    return a_connection(http, customers=CUSTOMERS, orders=ORDERS)


def test_an_address_is_proved_where_the_account_says_so() -> None:
    grace = customer(ROWS[GRACE], CountryCode("GB"))
    assert [(one.contact.value, one.verified) for one in grace.contacts] == [
        ("grace@example.com", True),
        ("+447700900123", False),
    ]
    guest = customer(ROWS[ADA], None)
    assert [(one.contact.value, one.verified) for one in guest.contacts] == [
        ("ada@example.com", False)
    ]
    waiting = customer({**ROWS[GRACE], "user": {"verified": False}}, None)
    assert not waiting.contacts[0].verified


def test_groups_are_told_by_their_names() -> None:
    assert customer(ROWS[GRACE], None).groups == ("Trade",)
    assert customer(ROWS[ADA], None).groups == ()
    with pytest.raises((LookupError, TypeError)):
        customer({**ROWS[ADA], "groups": [{"id": "1"}]}, None)


def test_an_order_is_a_purchase_and_ours_has_our_key() -> None:
    told = purchase(BOUGHT[0], KEY_FIELD, 2)
    assert told.customer == ADA
    assert told.total == Money(Decimal("125.78"), CurrencyCode("EUR"))
    assert (told.status, told.order) == (PurchaseStatus.OPEN, None)
    whose, row = BOUGHT[0]
    ours = {**row, "state": "Delivered", "customFields": {KEY_FIELD: "ABC"}}
    told = purchase((whose, ours), KEY_FIELD, 2)
    assert (told.status, told.order) == (PurchaseStatus.COMPLETED, "ABC")


@pytest.mark.parametrize("broken", ["code", "state", "orderPlacedAt", "totalWithTax", "lines"])
def test_an_order_that_says_something_else_is_none(broken: str) -> None:
    whose, row = BOUGHT[0]
    with pytest.raises((LookupError, TypeError, ValueError)):
        purchase((whose, {**row, broken: {"un": "known"}}), KEY_FIELD, 2)


async def test_a_number_is_looked_for_in_all_its_spellings() -> None:
    http = FakeHttp()
    found = await a_shop(http).find([Contact(ContactKind.PHONE, "+447700900123")])
    assert [row.key for row in found.rows] == [GRACE]
    (condition,) = asked(http.sent[-1])["customers"]["filter"]["_or"]
    forms = condition["phoneNumber"]["in"]
    assert set(forms) >= {"+447700900123", "+44 7700 900123", "07700 900123"}


async def test_cards_are_not_asked_for() -> None:
    http = FakeHttp()
    assert (await a_shop(http).find([Contact(ContactKind.LOYALTY_CARD, "TC1")])).rows == ()
    assert http.sent == []


async def test_what_was_placed_at_the_moment_is_told_and_what_came_after_is_not() -> None:
    latest = max(purchase(one, KEY_FIELD, 2).placed_at for one in BOUGHT)
    shop = a_shop(FakeHttp())
    told = await shop.purchases([CustomerKey(ADA)], until=latest, most=1)
    assert [row.placed_at for row in told.rows] == [latest]
    before = latest - timedelta(microseconds=1)
    told = await shop.purchases([CustomerKey(ADA)], until=before, most=1)
    assert [row.placed_at < latest for row in told.rows] == [True]


async def test_a_shop_without_the_mutation_says_so() -> None:
    http = FakeHttp()
    error = {"message": "Cannot query field", "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}
    http.say("erase", {"errors": [error]})
    with pytest.raises(Exception, match="GRAPHQL_VALIDATION_FAILED"):
        await a_shop(http).erase(CustomerKey(ADA))
    http.say("erase", {"data": {"eraseCustomer": False}})
    with pytest.raises(UpstreamBroken):
        await a_shop(http).erase(CustomerKey(ADA))
    failed = {"message": "?", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}
    http.say("erase", orjson.dumps({"errors": [failed], "data": None}))
    with pytest.raises(UpstreamUnavailable):
        await a_shop(http).erase(CustomerKey(ADA))


async def test_without_the_setting_nobody_is_known() -> None:
    connection = a_connection(FakeHttp())
    assert not hasattr(connection, "find")
