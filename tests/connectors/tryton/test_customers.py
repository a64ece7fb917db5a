"""Customers at Tryton: what is said to it, and what its recorded answers mean."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.errors import UpstreamRefused
from app.ports import Contact, ContactKind, CustomerKey, KeptRecord, PurchaseStatus
from app.values import CountryCode, CurrencyCode, Money, Sku
from connectors.tryton import connect
from connectors.tryton.customer_mapping import customer, purchase
from connectors.tryton.settings import Customers
from connectors.tryton.specimen_customers import CUSTOMERS, TinyCustomers
from tests.connectors.tryton.upstream import Upstream, settings, wiring

TINY = TinyCustomers()
ROWS = {row["name"]: row for row in TINY.parties.values()}
SALES: list[dict[str, Any]] = TINY._told("model.sale.sale.search_read")
BRITISH = Customers(phone_country=CountryCode("GB"))
EVER = datetime(2100, 1, 1, tzinfo=UTC)


def erp(upstream: Upstream) -> Any:
    return connect(settings(customers=CUSTOMERS), wiring(upstream))


def test_a_party_is_a_customer_with_what_can_be_used_of_its_contacts() -> None:
    told = customer(ROWS["Grace Example"], BRITISH)
    assert (told.given_name, told.family_name) == ("Grace", "Example")
    assert [(one.contact.value, one.verified) for one in told.contacts] == [
        ("grace@example.com", False),
        ("+447700900123", False),
    ]
    assert told.addresses[0].lines == ("Via Esempio 2",)
    assert told.groups == ("Trade",)
    assert customer(ROWS["Ada Example"], BRITISH).groups == ()
    proved = customer(ROWS["Grace Example"], BRITISH.model_copy(update={"contacts_verified": True}))
    assert all(one.verified for one in proved.contacts)
    nowhere = customer(ROWS["Grace Example"], Customers())
    assert [one.contact.kind for one in nowhere.contacts] == [ContactKind.EMAIL]


def test_a_sale_is_a_purchase() -> None:
    told = purchase(SALES[0])
    assert told.status is PurchaseStatus.CANCELLED
    assert told.total == Money(Decimal("198.00"), CurrencyCode("EUR"))
    assert [(one.sku, one.name, one.quantity) for one in told.lines] == [
        (Sku("BOTTLE"), "Water Bottle", 2)
    ]
    assert told.order is None
    ours = purchase({**SALES[0], "reference": "ABC-2", "number": "7"})
    assert (ours.order, ours.reference) == ("ABC-2", "7")


@pytest.mark.parametrize("broken", ["party", "state", "create_date", "lines.", "total_amount"])
def test_a_sale_that_says_something_else_is_none(broken: str) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        purchase({**SALES[0], broken: "rubbish"})


async def test_a_number_is_looked_for_in_all_its_spellings() -> None:
    upstream = Upstream({"parties": []})
    await erp(upstream).find(
        [Contact(ContactKind.PHONE, "+447700900123"), Contact(ContactKind.LOYALTY_CARD, "TC1")]
    )
    ((domain, *_),) = upstream.params("parties")
    ((name, operator, forms),) = domain
    assert (name, operator) == ("contact_mechanisms.value", "in")
    assert set(forms) >= {"+447700900123", "07700 900123", "07700900123", "00447700900123"}
    assert "TC1" not in forms


async def test_the_latest_sales_of_each_are_told() -> None:
    upstream = Upstream({"purchases": SALES})
    party = CustomerKey(str(SALES[0]["party"]))
    told = await erp(upstream).purchases([party], until=EVER, most=1)
    assert [row.reference for row in told.rows if row.customer == party] == [str(SALES[1]["id"])]
    first = purchase(SALES[0]).placed_at
    told = await erp(upstream).purchases([party], until=first, most=1)
    assert [row.reference for row in told.rows if row.customer == party] == [str(SALES[0]["id"])]


async def test_a_party_with_an_open_sale_is_left_as_it_is() -> None:
    upstream = Upstream({"party": [{"id": 3, "active": True}], "open-sales": [{"id": 1}]})
    with pytest.raises(UpstreamRefused):
        await erp(upstream).erase(CustomerKey("3"))
    assert upstream.operations == ["login", "preferences", "party", "open-sales"]


@pytest.mark.parametrize("key", ["no number", "\u0663", "-3"])
async def test_what_cannot_be_an_id_names_nobody(key: str) -> None:
    upstream = Upstream({})
    told = await erp(upstream).erase(CustomerKey(key))
    assert told.kept == {KeptRecord.SALES, KeptRecord.INVOICES}
    assert (await erp(upstream).customers([CustomerKey(key)])).rows == ()
    assert upstream.operations == []


async def test_it_is_retired_before_it_is_erased() -> None:
    results: dict[str, Any] = {"party": [{"id": 3}], "open-sales": [], "retire-party": None}
    results |= {"begin-erasing": [9, "ask", "end"], "erase": {}}
    upstream = Upstream(results)
    await erp(upstream).erase(CustomerKey("3"))
    assert upstream.operations[2:] == [
        *("party", "open-sales", "retire-party", "begin-erasing", "erase")
    ]
    ((session, data, state, _),) = upstream.params("erase")
    assert (session, data, state) == (9, {"ask": {"party": 3}}, "erase")
