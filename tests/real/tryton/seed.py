"""What stands in the live Tryton? The assortment, two warehouses, a store and its till, trade."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.real.assortment import ARTICLES, ASSORTMENT, BOLOGNA, LYON, VERONA, Article, Line
from tests.real.tryton.books import OWNER, VAT, Books, open_books, party
from tests.real.tryton.rpc import TrytonRpc

SOLD_AT_TILL = ("TRAIL-42", 1)  # taken out of Verona by a posted till sale
ASSIGNED = ("JACKET-M", 3)  # Bologna: picked for a customer's order, not shipped
LATE = ("JACKET-L", 2, date(2020, 1, 31))  # Bologna: should have left long ago, still planned
INCOMING = ("BOTTLE", 100, date(2038, 3, 1))  # Lyon: a supplier's delivery
OUTSIDE = ("supplier", "customer")
NOWHERE = "SOCKS"  # a product that never had a stock move
GATEWAY_READS = (  # the rest of what the gateway reads is open to every user
    "stock.move",
    "stock.period",
    "stock.period.cache",
    "sale.point",
)


@dataclass(frozen=True)
class Warehouse:
    """A warehouse and where its goods stand."""

    id: int
    storage: int
    input: int


def seed(url: str, database: str, admin: tuple[str, str], gateway: tuple[str, str]) -> None:
    """Fill an empty database; `gateway` is the login of the gateway's restricted user."""
    rpc = TrytonRpc(url, database, *admin)
    books = open_books(rpc)
    products = {
        sku: record for line in ASSORTMENT for sku, record in goods(rpc, books, line).items()
    }
    template(rpc, books, "Socks", {"products": [["create", [{"suffix_code": NOWHERE}]]]})
    places = warehouses(rpc)
    for code, quantities in counted().items():
        count(rpc, places[code], {products[sku]: number for sku, number in quantities.items()})
    customer = party(rpc, "Ada Example")
    sell_at_till(rpc, books, till(rpc, books, places[VERONA]), products)
    assigned = (products[ASSIGNED[0]], ASSIGNED[1])
    shipment = order(rpc, books, customer, places[BOLOGNA], assigned)
    rpc.press("stock.shipment.out", "assign_try", shipment)
    supplier, buyer = (rpc.find("stock.location", ["type", "=", kind]) for kind in OUTSIDE)
    plan(rpc, books, products, INCOMING, (supplier, places[LYON].input))
    plan(rpc, books, products, LATE, (places[BOLOGNA].storage, buyer))
    gateway_user(rpc, books.company, *gateway)


def counted() -> dict[str, dict[str, int]]:
    """What the stock-taking found, by location and SKU."""
    return {
        BOLOGNA: {article.sku: article.warehouses[0] for article in ARTICLES},
        LYON: {article.sku: article.warehouses[1] for article in ARTICLES},
        VERONA: {article.sku: article.store for article in ARTICLES},
    }


def goods(rpc: TrytonRpc, books: Books, line: Line) -> dict[str, int]:
    """One product with its variants; the ids of the variants by SKU."""
    variants = [variant(line, article) for article in line.articles]
    record = template(rpc, books, line.name["en"], {"products": [["create", variants]]})
    rpc.write("product.template", record, {"name": line.name["it"]}, language="it")
    found = rpc.read("product.template", record, "products")["products"]
    rows = rpc.call("model.product.product.read", found, ["code"])
    for product in found:
        rpc.write(
            "product.product", product, {"description": line.description["it"]}, language="it"
        )
    return {row["code"]: row["id"] for row in rows}


def template(rpc: TrytonRpc, books: Books, name: str, values: Mapping[str, object]) -> int:
    """What the variants of a product share."""
    shared = {
        "name": name,
        "type": "goods",
        "default_uom": books.unit,
        "sale_uom": books.unit,
        "salable": True,
        "account_category": books.category,
        "list_price": Decimal("9.90"),
        "gross_price": Decimal("12.08"),
    }
    return rpc.create("product.template", {**shared, **values})


def variant(line: Line, article: Article) -> dict[str, object]:
    """One SKU: its whole code stands in the suffix, as the template has no code."""
    price = Decimal(article.price)
    return {
        "suffix_code": article.sku,
        "description": line.description["en"],
        "list_price": price,
        "gross_price": (price * (1 + VAT)).quantize(Decimal("0.01")),
        "identifiers": [["create", [{"type": "ean", "code": article.gtin}]]],
    }


def warehouses(rpc: TrytonRpc) -> dict[str, Warehouse]:
    """The warehouse a new database has becomes Bologna; Lyon and Verona are added."""
    first = rpc.find("stock.location", ["type", "=", "warehouse"])
    company_address = rpc.find("party.address", ["party.name", "=", OWNER])
    rpc.write(
        "stock.location", first, {"name": "Bologna", "code": BOLOGNA, "address": company_address}
    )
    kept = rpc.read(
        "stock.location", first, "storage_location", "input_location", "lost_found_location"
    )
    return {
        BOLOGNA: Warehouse(first, kept["storage_location"], kept["input_location"]),
        LYON: warehouse(rpc, "Lyon", LYON, kept["lost_found_location"]),
        VERONA: warehouse(rpc, "Verona", VERONA, kept["lost_found_location"]),
    }


def warehouse(rpc: TrytonRpc, name: str, code: str, lost_found: int) -> Warehouse:
    """A warehouse with an input, an output and a storage zone."""
    zones = {
        zone: rpc.create("stock.location", {"name": f"{name} {zone}", "type": "storage"})
        for zone in ("input", "output", "storage")
    }
    values = {f"{zone}_location": record for zone, record in zones.items()}
    record = rpc.create(
        "stock.location",
        {
            "name": name,
            "code": code,
            "type": "warehouse",
            "lost_found_location": lost_found,
            **values,
        },
    )
    return Warehouse(record, zones["storage"], zones["input"])


def count(rpc: TrytonRpc, place: Warehouse, quantities: Mapping[int, int]) -> None:
    """Take stock; what was not there before enters from lost and found."""
    lines = [{"product": product, "quantity": number} for product, number in quantities.items()]
    inventory = {"location": place.storage, "lines": [["create", lines]]}
    rpc.press("stock.inventory", "confirm", rpc.create("stock.inventory", inventory))


def till(rpc: TrytonRpc, books: Books, place: Warehouse) -> int:
    """A till that sells out of the place's storage."""
    kind = rpc.find("ir.sequence.type", ["name", "=", "POS"])
    sequence = rpc.create(
        "ir.sequence.strict", {"name": "POS", "sequence_type": kind, "company": books.company}
    )
    return rpc.create(
        "sale.point",
        {
            "name": "Verona till 1",
            "company": books.company,
            "sequence": sequence,
            "storage_location": place.storage,
            "customer_location": rpc.find("stock.location", ["type", "=", "customer"]),
            "journal": rpc.find("account.journal", ["type", "=", "revenue"]),
        },
    )


def sell_at_till(rpc: TrytonRpc, books: Books, point: int, products: Mapping[str, int]) -> None:
    """A paid and posted till sale; posting is what moves the stock."""
    sku, quantity = SOLD_AT_TILL
    net = Decimal(next(article.price for article in ARTICLES if article.sku == sku))
    line = {
        "product": products[sku],
        "quantity": quantity,
        "unit_list_price": net,
        "unit_gross_price": net * (1 + VAT),
    }
    sale = rpc.create("sale.point.sale", {"point": point, "lines": [["create", [line]]]})
    method = rpc.create(
        "sale.point.payment.method", {"name": "Cash", "account": books.cash, "cash": True}
    )
    amount = (net * (1 + VAT) * quantity).quantize(Decimal("0.01"))
    rpc.create("sale.point.payment", {"sale": sale, "method": method, "amount": amount})
    rpc.press("sale.point.sale", "process", sale)
    rpc.press("sale.point.sale", "post", sale)


def order(
    rpc: TrytonRpc,
    books: Books,
    customer: int,
    place: Warehouse,
    wanted: tuple[int, int],
) -> int:
    """A confirmed order of one product out of a warehouse; the id of its shipment."""
    product, quantity = wanted
    address = rpc.find("party.address", ["party", "=", customer])
    line = {
        "product": product,
        "quantity": quantity,
        "unit": books.unit,
        "unit_price": Decimal(100),
    }
    values = {
        "party": customer,
        "invoice_address": address,
        "shipment_address": address,
        "warehouse": place.id,
        "invoice_method": "manual",
        "lines": [["create", [line]]],
    }
    sale = rpc.create("sale.sale", values)
    for button in ("quote", "confirm", "process"):
        rpc.press("sale.sale", button, sale)
    (shipment,) = rpc.read("sale.sale", sale, "shipments")["shipments"]
    return int(shipment)


def plan(
    rpc: TrytonRpc,
    books: Books,
    products: Mapping[str, int],
    planned: tuple[str, int, date],
    way: tuple[int, int],
) -> None:
    """A stock move that somebody planned and nobody carried out yet."""
    sku, quantity, day = planned
    rpc.create(
        "stock.move",
        {
            "product": products[sku],
            "quantity": quantity,
            "unit": books.unit,
            "from_location": way[0],
            "to_location": way[1],
            "planned_date": day,
            "unit_price": Decimal(8),
            "currency": books.currency,
            "company": books.company,
        },
    )


def gateway_user(rpc: TrytonRpc, company: int, username: str, password: str) -> None:
    """A user of one group that may read what the gateway reads, and change nothing."""
    group = rpc.create("res.group", {"name": "Gateway (reads only)"})
    for model in GATEWAY_READS:
        access = {
            "model": model,
            "group": group,
            "perm_read": True,
            "perm_write": False,
            "perm_create": False,
            "perm_delete": False,
        }
        rpc.create("ir.model.access", access)
    rpc.create(
        "res.user",
        {
            "name": "Gateway",
            "login": username,
            "password": password,
            "groups": [["add", [group]]],
            "companies": [["add", [company]]],
            "company": company,
        },
    )


if __name__ == "__main__":
    seed(
        os.environ["TRYTON_URL"],
        os.environ["TRYTON_DATABASE"],
        ("admin", os.environ["TRYTON_ADMIN_PASSWORD"]),
        ("connector", os.environ["TRYTON_GATEWAY_PASSWORD"]),
    )
