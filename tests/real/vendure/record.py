"""What does a real Vendure answer to the connector's own questions? Kept for the specimen.

`python -m tests.real.vendure.record` writes `connectors/vendure/specimen/`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from app.ports import UpstreamHttp
from app.upstream.client import ClientPolicy, open_client
from connectors.vendure import customer_documents as customers
from connectors.vendure import documents
from connectors.vendure import order_documents as orders
from connectors.vendure.access import TOKEN
from connectors.vendure.api import Operation
from tests.real.vendure.people import account, grouped
from tests.real.vendure.server import VendureServer, vendure_server
from tests.real.vendure.visitors import buy

SPECIMEN = Path(__file__).parents[3] / "connectors" / "vendure" / "specimen"
PATIENT = ClientPolicy(timeout=timedelta(seconds=30))
EVERYTHING = {"take": 100, "sort": {"id": "ASC"}}
KEPT_HEADERS = ("content-type", "date", TOKEN)
PLACED = {"orderPlacedAt": {"before": "2100-01-01T00:00:00.000Z"}}
KEY_FIELD, LOCATION_FIELD = "orderKey", "location"
RETAIL = {"vendure-token": "retail-channel"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One exchange to record."""

    name: str
    operation: Operation
    variables: Mapping[str, Any]
    headers: Mapping[str, str]
    query: tuple[tuple[str, str], ...] = ()


def questions(server: VendureServer, token: str) -> list[Question]:
    """Everything the specimen is made of."""
    us = {"authorization": f"Bearer {token}"}
    wrong = {"username": server.username, "password": "not-this-one"}
    stock = {"variants": EVERYTHING, "locations": EVERYTHING}
    products = documents.products("gtin")
    ended = {"authorization": "Bearer ended"}
    asked: list[tuple[str, Operation, Mapping[str, Any], Mapping[str, str]]] = [
        ("log-in-refused", documents.LOG_IN, wrong, {}),
        ("session-ended", documents.STOCK_LOCATIONS, {"locations": EVERYTHING}, ended),
        ("stock-levels", documents.STOCK_LEVELS, stock, us),
        ("stock-locations", documents.STOCK_LOCATIONS, {"locations": EVERYTHING}, us),
        ("prices", documents.PRICES, {"variants": EVERYTHING}, us),
        ("prices-retail", documents.PRICES, {"variants": EVERYTHING}, us | RETAIL),
        ("take-too-large", documents.PRICES, {"variants": {"take": 1001}}, us),
        ("no-such-channel", documents.PRICES, {"variants": {}}, us | {"vendure-token": "none"}),
        ("products", products, {"products": EVERYTHING}, us),
        ("find-category", documents.FIND_CATEGORY, {"category": "2", "slug": "2"}, {}),
        ("find-no-category", documents.FIND_CATEGORY, {"category": "none", "slug": "none"}, {}),
        ("search", documents.SEARCH, {"input": {"groupByProduct": True, "term": "rain"}}, {}),
    ]
    return [
        Question(name=name, operation=operation, variables=variables, headers=headers)
        for name, operation, variables, headers in asked
    ]


async def record(server: VendureServer, folder: Path) -> None:
    """Ask everything and write it down, tokens replaced."""
    async with open_client("vendure", server.url, policy=PATIENT) as http:
        us = {"username": server.username, "password": server.password}
        log_in = Question(name="log-in", operation=documents.LOG_IN, variables=us, headers={})
        token = await _exchange(http, log_in, folder, secret="")
        for question in questions(server, token):
            await _exchange(http, question, folder, secret=token)


async def record_orders(server: VendureServer, folder: Path) -> None:
    """Hand an order over step by step, run into every refusal, and write it all down."""
    async with open_client("vendure", server.url, policy=PATIENT) as http:
        us = {"username": server.username, "password": server.password}
        log_in = documents.LOG_IN.request(us, headers={})
        token = (await http.send(log_in)).headers[TOKEN]
        headers = {"authorization": f"Bearer {token}"}

        async def ask(name: str, operation: Operation, **variables: Any) -> Any:
            question = Question(
                name=f"order-{name}", operation=operation, variables=variables, headers=headers
            )
            await _exchange(http, question, folder, secret=token)
            return orjson.loads((folder / f"order-{name}.json").read_bytes())["body"]["data"]

        async def draft(name: str) -> str:
            return str((await ask(name, orders.CREATE))["createDraftOrder"]["id"])

        having = {"filter": {KEY_FIELD: {"in": ["N-1"]}}}
        found = await ask(
            "find",
            orders.find(KEY_FIELD),
            orders=having,
            variants=EVERYTHING,
            customers=EVERYTHING,
            methods=EVERYTHING,
            locations=EVERYTHING,
        )
        variants = {row["sku"]: row["id"] for row in found["productVariants"]["items"]}
        first, other = await draft("create"), await draft("create-another")
        filling = {
            "order": first,
            "customer": None,
            "buyer": {"firstName": "Ada", "lastName": "Byron", "emailAddress": "ada@example.com"},
            "address": {"streetLine1": "Via Roma 1", "countryCode": "IT"},
            "addressed": True,
            "method": "1",
            "line0": _item(variants["BOTTLE"], 2),
            "line1": _item(variants["TRAIL-42"], 1),
        }
        fill = orders.fill(2, LOCATION_FIELD)
        filled = await ask("fill", fill, **filling)
        lines = filled["line1"]["lines"]
        adjusted = {f"line{n}": {"orderLineId": lines[n]["id"], "quantity": 1} for n in range(2)}
        adjust = orders.adjust(2, LOCATION_FIELD)
        await ask("adjust", adjust, order=first, **adjusted)
        short = {"order": other, "line0": _item(variants["TRAIL-44"], 900)}
        await ask("fill-short", fill, **{**filling, **short})
        await ask("claim", orders.claim(KEY_FIELD), order=first, key="N-1")
        await ask("claim-taken", orders.claim(KEY_FIELD), order=other, key="N-1")
        await ask("delete", orders.DELETE, order=other)
        payment = {"orderId": first, "method": "tessera", "transactionId": "N-1", "metadata": {}}
        for name in ("arrange", "arrange-again"):
            await ask(name, orders.ARRANGE, order=first, payment=payment)
        await ask("orders", orders.orders(KEY_FIELD), orders=having)
        for name in ("cancel", "cancel-again"):
            told = {"orderId": first, "cancelShipping": True, "reason": "x"}
            await ask(name, orders.CANCEL, input=told)
        await ask("orders-cancelled", orders.orders(KEY_FIELD), orders=having)


async def record_customers(server: VendureServer, folder: Path) -> None:
    """Let somebody have an account and somebody buy as a guest, and write down who they are."""
    grace = account(
        server,
        "grace@example.com",
        given="Grace",
        family="Example",
        phone="+44 7700 900123",
        street="Via Esempio 1",
    )
    grouped(server, grace, "Trade")
    for _ in range(2):
        buy(server, "1", 1)
    async with open_client("vendure", server.url, policy=PATIENT) as http:
        us = {"username": server.username, "password": server.password}
        log_in = documents.LOG_IN.request(us, headers={})
        token = (await http.send(log_in)).headers[TOKEN]
        asked: dict[str, tuple[Operation, Mapping[str, Any]]] = {
            "customers": (customers.CUSTOMERS, {"customers": EVERYTHING}),
            "customer-orders": (
                customers.bought(KEY_FIELD),
                {"customers": EVERYTHING, "orders": {"filter": PLACED}},
            ),
            "customer-erase": (customers.ERASE, {"id": "9999"}),
        }
        for name, (operation, variables) in asked.items():
            question = Question(
                name=name,
                operation=operation,
                variables=variables,
                headers={"authorization": f"Bearer {token}"},
            )
            await _exchange(http, question, folder, secret=token)


def _item(variant: str, quantity: int) -> dict[str, Any]:
    return {
        "productVariantId": variant,
        "quantity": quantity,
        "customFields": {LOCATION_FIELD: "1"},
    }


async def _exchange(http: UpstreamHttp, question: Question, folder: Path, *, secret: str) -> str:
    request = question.operation.request(
        question.variables, headers=question.headers, query=question.query
    )
    response = await http.send(request)
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    if token := headers.get(TOKEN):
        headers[TOKEN] = "removed"
    hidden = {"password": "removed"} if question.operation is documents.LOG_IN else {}
    exchange = {
        "operation": question.operation.name,
        "path": request.path,
        "channel": question.headers.get("vendure-token"),
        "variables": {**question.variables, **hidden},
        "status": response.status,
        "headers": headers,
        "body": orjson.loads(response.body),
    }
    text = orjson.dumps(exchange, option=orjson.OPT_INDENT_2)
    if secret and secret.encode() in text:
        raise RuntimeError(f"{question.name} holds the session token")
    (folder / f"{question.name}.json").write_bytes(text + b"\n")
    return token or ""


if __name__ == "__main__":
    SPECIMEN.mkdir(exist_ok=True)
    with vendure_server() as running:
        asyncio.run(record(running, SPECIMEN))
        asyncio.run(record_orders(running, SPECIMEN))
        asyncio.run(record_customers(running, SPECIMEN))
