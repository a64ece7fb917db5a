"""The customers of the e-commerce platform, with what they bought there."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from connectors.sandbox.retailer import http, sales
from connectors.sandbox.retailer.orders import Order, OrderBook
from connectors.sandbox.retailer.people import Person, people
from connectors.sandbox.retailer.registers import Register

CURRENCY = "EUR"
MOST = 100
Row = Mapping[str, Any]


def register(seed: int) -> Register:
    """Those who have an account there."""
    known = (person for person in people(seed) if person.shop is not None)
    return Register({str(person.shop): _account(person) for person in known})


class CustomerDesk:
    """The endpoints."""

    def __init__(self, seed: int, now: http.Now, book: OrderBook) -> None:
        self._register = register(seed)
        self._sales = sales.online(seed)
        self._book = book
        self._now = now

    @property
    def register(self) -> Register:
        """Whom it knows."""
        return self._register

    async def look_up(self, request: Request) -> Response:
        """Customers by id, e-mail address and telephone number."""
        asked = await http.body_of(request)
        self._welcome()
        ids, emails, phones = (http.ids_in(asked, one) for one in ("ids", "emails", "phones"))
        http.limited([*ids, *emails, *phones], "the lookup")
        found = [
            *self._register.named(ids),
            *self._register.having({"email": emails, "phone": phones}),
        ]
        return self._items({row["id"]: row for row in found}.values())

    async def export(self, request: Request) -> Response:
        """All there is of customers."""
        asked = await http.body_of(request)
        self._welcome()
        rows = self._register.named(http.ids_in(asked, "ids"))
        return self._items({"id": row["id"], "account": row} for row in rows)

    async def list_orders(self, request: Request) -> Response:
        """What customers have bought, the latest first."""
        asked = await http.body_of(request)
        self._welcome()
        until, limit = http.moment_in(asked, "until"), http.cell(asked, "limit", int)
        if not 1 <= limit <= MOST:
            raise HTTPException(422, "limit_out_of_range")
        known = list(self._register.named(http.ids_in(asked, "ids")))
        return self._items(row for one in known for row in self._bought(one, until)[:limit])

    async def forget(self, request: Request) -> Response:
        """Everything that names a customer; what was sold to them stays sold, to nobody."""
        self._welcome()
        key = request.path_params["id"]
        row = self._register.rows.get(key)
        if row is not None:
            for order in self._of(row):
                order.forget()
        if not self._register.forget(key):
            raise HTTPException(404, "unknown_customer")
        return http.reply({"id": key, "kept": ["orders"]})

    def _welcome(self) -> None:
        """Whoever has ordered with an address that nobody has gets an account."""
        known = {row["email"].lower() for row in self._register.rows.values()}
        for order in self._book.orders.values():
            buyer = order.told.get("customer") or {}
            if buyer.get("email") and buyer["email"].lower() not in known:
                known.add(buyer["email"].lower())
                self._register.rows[f"G-{order.reference}"] = _guest(order, buyer)

    def _of(self, row: Row) -> list[Order]:
        email = row["email"].lower()
        return [
            order
            for order in self._book.orders.values()
            if ((order.told.get("customer") or {}).get("email") or "").lower() == email
        ]

    def _bought(self, row: Row, until: datetime) -> list[Row]:
        rows = [_order(row["id"], order) for order in self._of(row)]
        rows += [_sale(sale) for sale in self._sales if sale.customer == row["id"]]
        rows.sort(key=lambda told: (told["placed_at"], told["number"]), reverse=True)
        return [told for told in rows if datetime.fromisoformat(told["placed_at"]) <= until]

    def _items(self, items: Any) -> Response:
        return http.reply({"served_at": _iso(self._now()), "items": list(items)})


def _account(person: Person) -> Row:
    postcode, town, country = person.city
    return {
        "id": person.shop,
        "first_name": person.given,
        "last_name": person.family,
        "email": person.email.capitalize(),
        "email_confirmed": person.confirmed,
        "phone": f"0{person.phone[3:7]} {person.phone[7:]}" if person.number % 2 else None,
        "phone_country": "GB",
        "lang": person.language,
        "addresses": [
            {"lines": [person.street], "zip": postcode, "town": town, "country": country}
        ],
        "since": _iso(sales.FIRST),
        "groups": ["Colleagues"] if person.works else [],
    }


def _guest(order: Order, buyer: Mapping[str, Any]) -> Row:
    given, _, family = str(buyer["name"]).rpartition(" ")
    return {
        "id": f"G-{order.reference}",
        "first_name": given or None,
        "last_name": family,
        "email": buyer["email"],
        "email_confirmed": False,
        "phone": buyer.get("phone"),
        "phone_country": None,
        "lang": None,
        "addresses": [],
        "since": _iso(order.placed),
        "groups": [],
    }


def _order(customer: str, order: Order) -> Row:
    return {
        "customer": customer,
        "number": order.reference,
        "key": order.key,
        "placed_at": _iso(order.placed),
        "state": order.state("open", "cancelled", "completed"),
        "currency": order.told["currency"],
        "total": order.told["total"],
        "lines": [
            {"sku": row["sku"], "title": row["sku"], "quantity": row["quantity"], "total": None}
            for row in order.told["items"]
        ],
    }


def _sale(sale: sales.Sale) -> Row:
    return {
        "customer": sale.customer,
        "number": sale.number,
        "key": None,
        "placed_at": _iso(sale.at),
        "state": "completed",
        "currency": CURRENCY,
        "total": str(sale.total),
        "lines": [
            {"sku": one.sku, "title": one.title, "quantity": one.pieces, "total": str(one.total)}
            for one in sale.pieces
        ],
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def routes_of(desk: CustomerDesk) -> Iterator[tuple[str, Any, str]]:
    """Where it is asked."""
    yield "/v1/customers/lookup", desk.look_up, "POST"
    yield "/v1/customers/export", desk.export, "POST"
    yield "/v1/customers/orders", desk.list_orders, "POST"
    yield "/v1/customers/{id}", desk.forget, "DELETE"
