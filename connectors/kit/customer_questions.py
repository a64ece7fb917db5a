"""How are customers, and what they have bought, asked about?"""

from collections.abc import Collection, Hashable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from app.ports import Contact, ContactKind, CustomerDirectory, CustomerKey, PurchaseHistory
from connectors.kit.question import Keys, Question, Reading, reading_of, stray_keys
from connectors.kit.specimen import CustomersSpecimen, Specimen

LONG_AFTER = datetime(2100, 1, 1, tzinfo=UTC)
AN_INSTANT = timedelta(microseconds=1)
MOST = 50  # purchases of one customer


def customers_of(specimen: Specimen) -> CustomersSpecimen:
    """The specimen's customers."""
    if specimen.customers is None:
        raise LookupError(f"specimen {specimen.label}: its ports need `customers`")
    return specimen.customers


def _customer_keys(specimen: Specimen) -> Keys:
    return customers_of(specimen).keys


def _no_such_customers(specimen: Specimen, count: int) -> Keys:
    return tuple(customers_of(specimen).unknown(number) for number in range(count))


def _contacts(specimen: Specimen) -> Keys:
    return customers_of(specimen).contacts


def _no_such_contacts(_specimen: Specimen, count: int) -> Keys:
    made_up = (f"nobody-{number:04}@example.com" for number in range(count))
    return tuple(Contact(ContactKind.EMAIL, address) for address in made_up)


def _customer_names(keys: Keys) -> list[CustomerKey]:
    return [CustomerKey(str(key)) for key in keys]


async def _customers(connection: CustomerDirectory, _specimen: Specimen, keys: Keys) -> Reading:
    return reading_of(await connection.customers(_customer_names(keys)), lambda row: row.key)


async def _found(connection: CustomerDirectory, _specimen: Specimen, keys: Keys) -> Reading:
    asked = [key for key in keys if isinstance(key, Contact)]
    return reading_of(await connection.find(asked), lambda row: row.key)


async def _exported(connection: CustomerDirectory, _specimen: Specimen, keys: Keys) -> Reading:
    return reading_of(await connection.export(_customer_names(keys)), lambda row: row.key)


def _strangers(reading: Reading, _specimen: Specimen, keys: Keys) -> list[Hashable]:
    """Customers who have none of the contacts."""
    asked = set(keys)
    return [key for key, row in reading.rows if not asked & {one.contact for one in row.contacts}]


def _nothing_told(records: Any, _specimen: Specimen) -> str | None:
    return None if records.documents else "has no documents"


async def _bought(connection: PurchaseHistory, _specimen: Specimen, keys: Keys) -> Reading:
    answer = await connection.purchases(_customer_names(keys), until=LONG_AFTER, most=MOST)
    return reading_of(answer, lambda row: (row.customer, row.reference))


async def _bought_last(connection: PurchaseHistory, _specimen: Specimen, keys: Keys) -> Reading:
    """The last purchase of each, before the last one of the first customer."""
    names = _customer_names(keys)
    until = LONG_AFTER
    if names:
        latest = await connection.purchases(names[:1], until=LONG_AFTER, most=1)
        until = max((row.placed_at for row in latest.rows), default=until) - AN_INSTANT
    answer = await connection.purchases(names, until=until, most=1)
    late = [row for row in answer.rows if row.placed_at > until]
    if late:
        return reading_of(answer, lambda row: ("later than was asked for", row.reference))
    return reading_of(answer, lambda row: row.customer)


def _stray_purchases(reading: Reading, _specimen: Specimen, keys: Keys) -> list[Hashable]:
    """Those of others, and those that are not told the latest first."""
    rows = [row for _, row in reading.rows]
    turned = [
        later.reference
        for earlier, later in pairwise(rows)
        if earlier.customer == later.customer and later.placed_at > earlier.placed_at
    ]
    others = (key for key, row in reading.rows if row.customer not in keys)
    return [*others, *turned]


def _purchase_faults(purchase: Any, _specimen: Specimen) -> str | None:
    if purchase.placed_at.utcoffset() is None:
        return "placed_at has no offset"
    return None if purchase.lines else "has no lines"


CUSTOMER_QUESTIONS: Collection[Question] = (
    Question(
        port="CustomerDirectory",
        name="customers",
        ask=_customers,
        keys=_customer_keys,
        unknown=_no_such_customers,
        strays=stray_keys,
    ),
    Question(
        port="CustomerDirectory",
        name="find",
        ask=_found,
        keys=_contacts,
        unknown=_no_such_contacts,
        strays=_strangers,
    ),
    Question(
        port="CustomerDirectory",
        name="export",
        ask=_exported,
        keys=_customer_keys,
        unknown=_no_such_customers,
        strays=stray_keys,
        faults=_nothing_told,
    ),
    Question(
        port="PurchaseHistory",
        name="purchases",
        ask=_bought,
        keys=_customer_keys,
        unknown=_no_such_customers,
        strays=_stray_purchases,
        faults=_purchase_faults,
    ),
    Question(
        port="PurchaseHistory",
        name="the purchases before the last",
        ask=_bought_last,
        keys=_customer_keys,
        unknown=_no_such_customers,
        strays=stray_keys,
    ),
)
