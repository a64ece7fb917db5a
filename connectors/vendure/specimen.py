"""A tiny Vendure for the conformance suites: what a real one answered, cut to what is asked."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson

from app.ports import ProductKey
from app.values import ChannelCode, LocationCode, Sku
from connectors.kit.specimen import Asgi, Exchange, Specimen
from connectors.vendure.specimen_customers import CUSTOMERS, TinyCustomers, customers_specimen
from connectors.vendure.specimen_orders import ORDERS, TinyOrders, orders_specimen

FOLDER = Path(__file__).parent / "specimen"
USERNAME, PASSWORD = "superadmin", "tessera-specimen"
SESSION = "a-session-of-the-specimen"
MOST = 1000  # adminListQueryLimit
Row = Mapping[str, Any]
Message = MutableMapping[str, Any]


def recorded_exchanges() -> dict[str, Exchange]:
    """The recorded exchanges by the name of their file."""
    return {path.stem: orjson.loads(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))}


class TinyVendure:
    """Answers the connector's operations from recorded rows."""

    def __init__(self) -> None:
        self.exchanges = recorded_exchanges()
        self._by_name: dict[str, Callable[[Any, Mapping[str, str]], Exchange]] = {
            "LogIn": self._log_in,
            "StockLevels": self._stock_levels,
            "StockLocations": self._stock_locations,
            "Prices": self._prices,
            "Products": self._products,
            "Search": self._search,
            "FindCategory": self._find_category,
        }
        self.orders = TinyOrders(self.exchanges)
        self.customers = TinyCustomers(self.exchanges)

    def answer(self, body: bytes, headers: Mapping[str, str], language: str) -> Exchange:
        """The exchange that answers a request."""
        asked = orjson.loads(body)
        name, variables = asked["operationName"], asked["variables"]
        visitor = name in {"LogIn", "Search", "FindCategory"}
        if not visitor and headers.get("authorization") != f"Bearer {SESSION}":
            return self.exchanges["session-ended"]
        if any(each.get("take", 0) > MOST for each in variables.values() if isinstance(each, dict)):
            return self.exchanges["take-too-large"]
        for desk in (self.orders, self.customers):
            if name in desk.answers:
                return desk.answers[name](variables)
        return self._by_name[name](variables, {**headers, "language": language})

    def _log_in(self, variables: Any, _headers: Mapping[str, str]) -> Exchange:
        if (variables["username"], variables["password"]) != (USERNAME, PASSWORD):
            return self.exchanges["log-in-refused"]
        exchange = self.exchanges["log-in"]
        return {**exchange, "headers": {**exchange["headers"], "vendure-auth-token": SESSION}}

    def _stock_levels(self, variables: Any, _headers: Mapping[str, str]) -> Exchange:
        cut = _cut(self.exchanges["stock-levels"], "productVariants", variables["variants"])
        return _cut(cut, "stockLocations", variables["locations"])

    def _stock_locations(self, variables: Any, _headers: Mapping[str, str]) -> Exchange:
        return _cut(self.exchanges["stock-locations"], "stockLocations", variables["locations"])

    def _prices(self, variables: Any, headers: Mapping[str, str]) -> Exchange:
        retail = headers.get("vendure-token") == "retail-channel"
        recorded = self.exchanges["prices-retail" if retail else "prices"]
        return _cut(recorded, "productVariants", variables["variants"])

    def _products(self, variables: Any, headers: Mapping[str, str]) -> Exchange:
        exchange, options = self.exchanges["products"], variables["products"]
        if "name" in options["sort"]:
            exchange = _sorted(exchange, lambda row: _name(row, headers["language"]))
        return _cut(exchange, "products", options)

    def _search(self, variables: Any, headers: Mapping[str, str]) -> Exchange:
        asked = variables["input"]
        rows = sorted(self._on_sale(), key=lambda row: _name(row, headers["language"]))
        hits = [{"productId": row["id"]} for row in rows if _is_hit(row, asked)]
        page = hits[asked["skip"] : asked["skip"] + asked["take"]]
        return _with(self.exchanges["search"], "search", page, len(hits))

    def _find_category(self, variables: Any, _headers: Mapping[str, str]) -> Exchange:
        rows = {one["id"]: one for row in self._on_sale() for one in _categories(row)}
        by_slug = [one for one in rows.values() if variables["slug"] in _all(one, "slug")]
        by_id = rows.get(variables["category"])
        found = {
            "byId": by_id and {"id": by_id["id"]},
            "bySlug": {"id": by_slug[0]["id"]} if by_slug else None,
        }
        return {**self.exchanges["find-category"], "body": {"data": found}}

    def _on_sale(self) -> list[Row]:
        rows = self.exchanges["products"]["body"]["data"]["products"]["items"]
        return [row for row in rows if row["enabled"]]


def _cut(exchange: Exchange, field: str, options: Row) -> Exchange:
    """The rows that pass the filter, of those the page."""
    items = exchange["body"]["data"][field]["items"]
    passed = [row for row in items if _passes(row, options.get("filter", {}))]
    page = passed[options["skip"] : options["skip"] + options["take"]]
    return _with(exchange, field, page, len(passed))


def _with(exchange: Exchange, field: str, items: list[Any], total: int) -> Exchange:
    body: dict[str, Any] = deepcopy(exchange["body"])
    body["data"][field] = {"totalItems": total, "items": items}
    return {**exchange, "body": body}


def _sorted(exchange: Exchange, key: Callable[[Row], str]) -> Exchange:
    items = sorted(exchange["body"]["data"]["products"]["items"], key=key)
    return _with(exchange, "products", items, len(items))


def _passes(row: Row, condition: Row) -> bool:
    return all(_holds(row, field, test) for field, test in condition.items())


def _holds(row: Row, field: str, test: Any) -> bool:
    if field == "_and":
        return all(_passes(row, one) for one in test)
    if field == "_or":
        return any(_passes(row, one) for one in test)
    values = _all(row, field)
    return bool(values & set(test["in"])) if "in" in test else test["eq"] in values


def _all(row: Row, field: str) -> set[Any]:
    """Every value of a field: its own, its translations', its variants'."""
    inside = [*row.get("translations", ()), *row.get("variants", ())] if field != "enabled" else []
    return {one[field] for one in (row, *inside) if field in one}


def _name(row: Row, language: str) -> str:
    names = {one["languageCode"]: one["name"] for one in row["translations"]}
    return str(names.get(language, names["en"])).casefold()


def _categories(row: Row) -> list[Row]:
    return [one for one in row["collections"] if not one["isPrivate"]]


def _is_hit(row: Row, asked: Row) -> bool:
    words = str(asked.get("term", "")).casefold()
    told = " ".join(f"{one['name']} {one['description']}" for one in row["translations"])
    category = asked.get("collectionId")
    within = category is None or category in {one["id"] for one in _categories(row)}
    return within and words in told.casefold()


class TinyApp:
    """A tiny Vendure as an ASGI app."""

    def __init__(self) -> None:
        self.vendure = TinyVendure()

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        language = scope["query_string"].decode().removeprefix("languageCode=") or "en"
        exchange = self.vendure.answer(body, headers, language)
        told = [
            (name.encode(), value.encode())
            for name, value in exchange["headers"].items()
            if name != "date"
        ]
        status = exchange["status"]
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": orjson.dumps(exchange["body"])})


def tiny_vendure() -> Asgi:
    """A tiny Vendure."""
    return TinyApp()


SPECIMENS = (
    Specimen(
        label="vendure",
        app=tiny_vendure,
        settings={
            "username": USERNAME,
            "password": PASSWORD,
            "gtin_field": "gtin",
            "orders": ORDERS,
            "customers": CUSTOMERS,
        },
        ports=frozenset(
            {
                *("CatalogSource", "CustomerDirectory", "LocationSource", "OrderSink"),
                *("PriceSource", "PurchaseHistory", "StockSource"),
            }
        ),
        orders=orders_specimen(),
        customers=customers_specimen(),
        skus=(Sku("TRAIL-40"), Sku("TRAIL-42"), Sku("JACKET-M"), Sku("BOTTLE")),
        locations={
            LocationCode("ECOM-1"): "E-commerce depot",
            LocationCode("OUT-NOV"): "2",
            LocationCode("Pop-up Milano"): "Pop-up Milano",
        },
        product_keys=(
            ProductKey("handle", "trail-runner"),
            ProductKey("sku", "JACKET-M"),
            ProductKey("sku", "JACKET-S"),
            ProductKey("id", "3"),
        ),
    ),
    Specimen(
        label="vendure-retail",
        app=tiny_vendure,
        settings={
            "username": USERNAME,
            "password": PASSWORD,
            "gtin_field": "gtin",
            "channel_tokens": {ChannelCode("WEB"): "retail-channel"},
        },
        ports=frozenset({"CatalogSource", "LocationSource", "PriceSource", "StockSource"}),
        skus=(Sku("TRAIL-40"), Sku("TRAIL-44")),
        locations={LocationCode("ECOM-1"): "E-commerce depot"},
        product_keys=(ProductKey("sku", "TRAIL-40"), ProductKey("sku", "BOTTLE")),
    ),
)
