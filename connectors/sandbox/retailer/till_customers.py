"""The customers of the tills, with their cards and receipts, as tables."""

from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from connectors.sandbox.retailer import http, sales
from connectors.sandbox.retailer.bonus import Bonus
from connectors.sandbox.retailer.catalogue import assortment
from connectors.sandbox.retailer.journal import CURRENCY, Journal, Slip
from connectors.sandbox.retailer.people import Person, people
from connectors.sandbox.retailer.places import STORES
from connectors.sandbox.retailer.registers import Register, Row

MOST = 100
ZONES = {store.number: ZoneInfo(store.zone) for store in STORES}
CUSTOMER_COLUMNS = (
    *("customerNo", "firstName", "lastName", "cardNo", "mobile", "email", "emailChecked"),
    *("street", "postcode", "city", "countryIso", "registeredAt"),
    "priceGroups",
)
EXPORT_COLUMNS = ("customerNo", "masterData")
RECEIPT_COLUMNS = (
    *("customerNo", "receiptNo", "branchNo", "soldAt", "currency", "total", "positions"),
)


def register(seed: int) -> Register:
    """Those who have a card."""
    known = (person for person in people(seed) if person.tills is not None)
    return Register({str(person.tills): _customer(person) for person in known})


class CustomerCalls:
    """The remote calls."""

    def __init__(self, seed: int, now: http.Now, journal: Journal, bonus: Bonus) -> None:
        self.register = register(seed)
        self._bonus = bonus
        self._titles = assortment(seed).by_sku
        self._journal = journal
        self._now = now

    async def find(self, request: Request) -> Response:
        """Customers by number, card, mobile number and e-mail address."""
        asked = await http.body_of(request)
        numbers = http.ids_in(asked, "customerNos")
        wanted = {
            "cardNo": http.ids_in(asked, "cardNos"),
            "mobile": http.ids_in(asked, "mobiles"),
            "email": http.ids_in(asked, "emails"),
        }
        http.limited([*numbers, *(one for ones in wanted.values() for one in ones)], "find")
        found = [*self.register.named(numbers), *self.register.having(wanted)]
        rows = {row["customerNo"]: row for row in found}.values()
        return self._table(
            CUSTOMER_COLUMNS, [[row[one] for one in CUSTOMER_COLUMNS] for row in rows]
        )

    async def export(self, request: Request) -> Response:
        """All there is of customers."""
        asked = await http.body_of(request)
        rows = self.register.named(http.ids_in(asked, "customerNos"))
        return self._table(EXPORT_COLUMNS, [[row["customerNo"], row] for row in rows])

    async def forget(self, request: Request) -> Response:
        """The same answer, whether somebody is known, was known, or never has been."""
        number = http.cell(await http.body_of(request), "customerNo", str)
        for row in self.register.named([number]):
            self._journal.forget(_card(row))
        self._bonus.forget(number)
        self.register.forget(number)
        return http.reply({"ok": True, "customerNo": number, "kept": ["receipts"]})

    async def receipts(self, request: Request) -> Response:
        """What customers have bought, the latest first."""
        asked = await http.body_of(request)
        until, limit = http.moment_in(asked, "until"), http.cell(asked, "limit", int)
        if not 1 <= limit <= MOST:
            raise HTTPException(422, "limit_out_of_range")
        rows: list[Sequence[Any]] = []
        for known in self.register.named(http.ids_in(asked, "customerNos")):
            sold = [one for one in self._journal.of(_card(known)) if one.sold <= until]
            rows += [self._receipt(known["customerNo"], one) for one in sold[:limit]]
        return self._table(RECEIPT_COLUMNS, rows)

    def _receipt(self, customer: str, slip: Slip) -> Sequence[Any]:
        """Goods that were brought back are told below zero."""
        sign = 1 if slip.refunds is None else -1
        at = slip.sold.astimezone(ZONES[slip.branch]).isoformat(timespec="seconds")
        positions = [
            {
                "itemNo": sku,
                "text": self._titles[sku].names["en"] if sku in self._titles else sku,
                "qty": sign * pieces,
                "amount": str(sign * amount),
            }
            for sku, pieces, amount in slip.items
        ]
        total = str(sign * slip.total)
        return (customer, slip.number, slip.branch, at, CURRENCY, total, positions)

    def _table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Response:
        stamp = self._now().isoformat(timespec="seconds")
        return http.reply({"ok": True, "answeredAt": stamp, "columns": columns, "rows": rows})


def _customer(person: Person) -> Row:
    postcode, city, country = person.city
    return {
        "customerNo": person.tills,
        "firstName": person.given,
        "lastName": person.family.upper(),
        "cardNo": f"{person.card[:2]} {person.card[2:]}",
        "mobile": f"0044 ({person.phone[3:7]}) {person.phone[7:]}",
        "email": person.email if person.checked or person.number % 3 else None,
        "emailChecked": person.checked,
        "street": person.street,
        "postcode": postcode,
        "city": city,
        "countryIso": country,
        "registeredAt": sales.FIRST.isoformat(timespec="seconds"),
        "priceGroups": ["PERS"] if person.works else [],
    }


def _card(row: Row) -> str:
    """As receipts have it."""
    return str(row["cardNo"]).replace(" ", "")


def routes_of(calls: CustomerCalls) -> Iterator[tuple[str, Any]]:
    """Where it is asked."""
    yield "/rpc/customers.find", calls.find
    yield "/rpc/customers.export", calls.export
    yield "/rpc/customers.forget", calls.forget
    yield "/rpc/receipts.query", calls.receipts
