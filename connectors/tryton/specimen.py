"""Tryton in miniature: the rows of a recorded database, searched as the questions ask."""

import base64
from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from app.ports import ProductKey
from app.values import LocationCode, Sku
from connectors.kit.specimen import Asgi, Specimen, recorded
from connectors.tryton.specimen_customers import CUSTOMERS, TinyCustomers, customers_specimen
from connectors.tryton.specimen_sales import MODELS, TinySales, orders_specimen

FOLDER = Path(__file__).parent / "specimen"
DATABASE, PASSWORD = "tryton", "an-invented-password"
PORTS = frozenset({"CatalogSource", "LocationSource", "PriceSource", "StockSource"})
WRITTEN = frozenset({"CustomerDirectory", "OrderSink", "PurchaseHistory"})
Row = dict[str, Any]
Domain = Sequence[Any]


class TinyTryton:
    """Answers the login, the preferences, searches and counts."""

    def __init__(self, folder: Path = FOLDER) -> None:
        exchanges = recorded(folder)
        self._recorded = [(one["request"], one["response"]["result"]) for one in exchanges]
        self.sales = TinySales()
        self.customers = TinyCustomers()
        self._login = self._answer("common.db.login")
        self._username = exchanges[0]["request"]["params"][0]
        self._preferences = self._answer("model.res.user.get_preferences")
        identity = ":".join(map(str, (self._username, *self._login[:2])))
        self._session = f"Session {base64.b64encode(identity.encode()).decode()}"

    async def rpc(self, request: Request) -> Response:
        """One call. Refusals are pages, as Tryton's are."""
        call = await request.json()
        method, params = call["method"], call["params"]
        if method == "common.db.login":
            granted = params[:2] == [self._username, {"password": PASSWORD}]
            return _told(call, self._login) if granted else _page(401)
        if request.headers.get("authorization") != self._session:
            return Response(status_code=401)
        return self._asked(call, *method.removeprefix("model.").rpartition(".")[::2])

    def _asked(self, call: Mapping[str, Any], model: str, action: str) -> Response:
        params = call["params"]
        if self.customers.takes(model, action, params):
            return JSONResponse({"id": call["id"], **self.customers.answer(model, action, params)})
        if model in MODELS:
            return JSONResponse({"id": call["id"], **self.sales.answer(model, action, params)})
        match action:
            case "get_preferences":
                return _told(call, self._preferences)
            case "search_count":
                return _told(call, len(self._found(model, params[0], params[-1])))
            case "search_read":
                return _told(call, self._search(model, *params))
        return _page(403)

    def _search(  # noqa: PLR0913, PLR0917  the parameters of `search_read`
        self,
        model: str,
        domain: Domain,
        offset: int,
        limit: int | None,
        order: Sequence[tuple[str, str]] | None,
        fields: Sequence[str],
        context: Mapping[str, Any],
    ) -> list[Row]:
        rows = self._found(model, domain, context)
        if "sale_uom" in fields:
            sold = {row["id"]: row for row in self.sales.variants()}
            rows = [{**row, **sold[row["id"]]} for row in rows]
        for field, direction in reversed(order or ()):
            rows.sort(key=itemgetter(field), reverse=direction == "DESC")
        stop = None if limit is None else offset + limit
        keys = {"id", *(_key(field) for field in fields)}
        return [{key: row[key] for key in row if key in keys} for row in rows[offset:stop]]

    def _found(self, model: str, domain: Domain, context: Mapping[str, Any]) -> list[Row]:
        return [row for row in self._rows(model, context) if self._fits(row, domain)]

    def _rows(self, model: str, context: Mapping[str, Any]) -> list[Row]:
        rows: list[Row] = self._answer(
            f"model.{model}.search_read", language=context.get("language", "en")
        )
        if "locations" in context:
            counted = self._counted(*context["locations"])
            return [{**row, "quantity": counted[row["id"]]} for row in rows]
        if "product" in context:
            product = context["product"]
            return [{**row, "quantity": self._counted(row["id"])[product]} for row in rows]
        return [dict(row) for row in rows]

    def _counted(self, warehouse: int) -> Mapping[int, float]:
        rows = self._answer("model.product.product.search_read", locations=[warehouse])
        return {row["id"]: row["quantity"] for row in rows}

    def _answer(self, method: str, **context: Any) -> Any:
        """The recorded result whose context says nothing else."""
        for request, result in self._recorded:
            *_, last = request["params"]
            told = last if isinstance(last, dict) else {}
            counts = "locations" in told, "locations" in context
            if (
                request["method"] == method
                and len(set(counts)) == 1
                and told.items() <= context.items()
            ):
                return result
        raise LookupError(method)

    def _fits(self, row: Row, domain: Domain) -> bool:
        if not domain:
            return True
        if domain[0] == "OR":
            return any(self._fits(row, clause) for clause in domain[1:])
        if isinstance(domain[0], list):
            return all(self._fits(row, clause) for clause in domain)
        name, operator, wanted, *_ = domain
        if operator == "child_of":
            return self._below(row, name, wanted)
        return any(_compares(value, operator, wanted) for value in _values(row, name))

    def _below(self, row: Row, name: str, warehouses: Sequence[int]) -> bool:
        if name == "categories":
            return any(category["id"] in warehouses for category in row["categories."])
        position = row[f"{name}."]["left"]
        places = self._answer("model.stock.location.search_read")
        chosen = [place for place in places if place["id"] in warehouses]
        return any(place["left"] <= position <= place["right"] for place in chosen)


def _compares(value: Any, operator: str, wanted: Any) -> bool:
    match operator:
        case "=":
            return bool(value == wanted)
        case "in":
            return value in wanted
        case ">":
            return bool(value > wanted)
        case "<":
            return bool(value < wanted)
        case "ilike":
            return wanted.strip("%").casefold() in str(value).casefold()
    raise ValueError(operator)


def _values(row: Row, name: str) -> list[Any]:
    """The values of a field of the record, or of its related records."""
    if name == "rec_name":
        return [row["name"], row["code"], *_values(row, "products.code")]
    own, _, related = name.partition(".")
    if not related:
        return [row[own]]
    return [value for one in row[f"{own}."] for value in _values(one, related)]


def _key(field: str) -> str:
    """Where a field stands in a row: related records stand under a name with a dot at its end."""
    own, dot, _ = field.partition(".")
    return own + dot


def _told(call: Mapping[str, Any], result: Any) -> Response:
    return JSONResponse({"id": call["id"], "result": result})


def _page(status: int) -> Response:
    return HTMLResponse("<!doctype html>\n<title>No</title>\n", status_code=status)


def app() -> Asgi:
    """A fresh miniature."""
    tryton = TinyTryton()
    made = Starlette(routes=[Route(f"/{DATABASE}/rpc/", tryton.rpc, methods=["POST"])])
    made.state.tryton = tryton
    return cast("Asgi", made)


SPECIMENS = tuple(
    Specimen(
        label=f"{prices} prices",
        app=app,
        settings={
            "database": DATABASE,
            "username": "connector",
            "password": PASSWORD,
            "prices": prices,
            "orders": prices == "net",
            "customers": CUSTOMERS if prices == "net" else None,
        },
        ports=PORTS | WRITTEN if prices == "net" else PORTS,
        orders=orders_specimen() if prices == "net" else None,
        customers=customers_specimen() if prices == "net" else None,
        skus=tuple(map(Sku, ("TRAIL-42", "JACKET-M", "JACKET-L", "BOTTLE", "SOCKS"))),
        locations={
            LocationCode("BOLOGNA"): "WH-BLQ",
            LocationCode("LYON"): "Lyon",
            LocationCode("ST-VRN"): "ST-VRN",
        },
        product_keys=(
            ProductKey("sku", "TRAIL-42"),
            ProductKey("id", "2"),
            ProductKey("handle", "3"),
        ),
    )
    for prices in ("net", "gross")
)
