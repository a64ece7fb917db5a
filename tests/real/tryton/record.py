"""What does a real Tryton answer? Records the specimen that the conformance suites replay.

Run as `python -m tests.real.tryton.record`; it rewrites `connectors/tryton/specimen/`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from connectors.tryton import order_mapping
from connectors.tryton.catalog import FIELDS
from connectors.tryton.customers import PARTY as CUSTOMER
from connectors.tryton.customers import SALE as BOUGHT
from connectors.tryton.customers import WIZARD
from connectors.tryton.orders import PARTY, SALE
from connectors.tryton.places import DESCRIBED
from connectors.tryton.prices import GROSS, NET
from connectors.tryton.stock import MOVE_FIELDS
from tests.real import sales
from tests.real.assortment import BOLOGNA
from tests.real.tryton.customers_user import KEEPER, keeper
from tests.real.tryton.orders_user import SELLER, seller
from tests.real.tryton.people import cancelled_sale, put_into, shopper
from tests.real.tryton.rpc import RpcError, TrytonRpc, tagged
from tests.real.tryton.server import REPOSITORY, TrytonServer, tryton_server

FOLDER = REPOSITORY / "connectors" / "tryton" / "specimen"
Json = Any


def main() -> None:
    """Record every answer that the specimen is made of."""
    with tryton_server() as server:
        keep(exchanges(server), FOLDER)
        keep(sold(server), FOLDER / "orders")
        keep(known(server), FOLDER / "customers")


def keep(found: Sequence[dict[str, Json]], folder: Path) -> None:
    """One file for each exchange, in order."""
    folder.mkdir(exist_ok=True)
    for number, exchange in enumerate(found, 1):
        method = exchange["request"]["method"].removeprefix("model.")
        path = folder / f"{number:02}-{method}.json"
        path.write_text(json.dumps(exchange, indent=1, ensure_ascii=False, default=tagged) + "\n")


def exchanges(server: TrytonServer) -> list[dict[str, Json]]:
    """As the gateway's own user."""
    rpc = TrytonRpc(server.url, server.database, server.username, server.password)
    login = [server.username, {"password": "(removed)"}, "en"]
    told = {"id": 1, "result": [rpc.user, "a-recorded-session", None]}
    found: list[dict[str, Json]] = [
        {"request": {"method": "common.db.login", "params": login}, "response": told},
        asked(rpc, "model.res.user.get_preferences", [True]),
    ]
    warehouses = searched(rpc, "stock.location", [*DESCRIBED, "type"], [["type", "=", "warehouse"]])
    variants = ["code", "type", "salable", NET, GROSS]
    moves = [*MOVE_FIELDS, "state"]
    found += [
        warehouses,
        searched(rpc, "sale.point", ["storage_location.left"]),
        searched(rpc, "ir.lang", ["code", "translatable"], [["translatable", "=", True]]),
        searched(rpc, "company.company", ["currency.code"]),
        searched(rpc, "product.product", variants),
        searched(rpc, "stock.move", moves, [["state", "in", ["draft", "assigned"]]]),
    ]
    for warehouse in warehouses["response"]["result"]:
        here = {"locations": [warehouse["id"]]}
        found.append(searched(rpc, "product.product", ["quantity"], **here))
    for language in ("en", "it"):
        fields = [*FIELDS, "salable"]
        found.append(searched(rpc, "product.template", fields, language=language))
    return found


def sold(server: TrytonServer) -> list[dict[str, Json]]:
    """An order step by step, as the user that may sell; what it made is thrown away with it."""
    seller(TrytonRpc(server.url, server.database, *server.admin))
    rpc = TrytonRpc(server.url, server.database, *SELLER)
    kept: list[dict[str, Json]] = []

    def ask(method: str, *params: Json) -> Json:
        try:
            kept.append(asked(rpc, method, params))
        except RpcError as error:
            response = {"id": 1, "error": error.args[1]}
            kept.append({"request": {"method": method, "params": [*params]}, "response": response})
        return kept[-1]["response"].get("result")

    def search(model: str, fields: Sequence[str], *domain: Json) -> Json:
        order = [["id", "ASC"]]
        return ask(f"model.{model}.search_read", list(domain), 0, None, order, list(fields))

    variants = search("product.product", ("code", "sale_uom", "default_uom"))
    order = sales.sold("N-1", ("BOTTLE", 2, BOLOGNA))
    party = ask("model.party.party.create", [order_mapping.new_party(order, None)])
    (row,) = search("party.party", PARTY, ["contact_mechanisms.value", "=", order.buyer.email])
    place = rpc.find("stock.location", ("code", "=", BOLOGNA))
    bottle = next(one for one in variants if one["code"] == "BOTTLE")
    lines = [
        *order_mapping.lines(order.lines[0], order_mapping.goods(bottle)),
        *order_mapping.delivery(order),
    ]
    customer = order_mapping.Customer(party=party[0], address=row["addresses."][0]["id"])
    new = order_mapping.new_sale(order, customer, place, lines)
    made = ask("model.sale.sale.create", [new, new])
    ask("model.sale.sale.delete", made[1:])
    for button in ("quote", "quote", "confirm"):
        ask(f"model.sale.sale.{button}", made[:1])
        (sale,) = search("sale.sale", SALE, ["reference", "in", ["N-1"]])
    ask("model.stock.shipment.out.cancel", [one["id"] for one in sale["shipments."]])
    search("sale.sale", SALE, ["reference", "in", ["N-1"]])
    return kept


def known(server: TrytonServer) -> list[dict[str, Json]]:
    """Two parties and what they bought, and how one is erased, as the user that may erase."""
    admin = TrytonRpc(server.url, server.database, *server.admin)
    keeper(admin)
    ada = shopper(admin, "Ada Example", "ada@example.com", "+44 7700 900001", "Via Esempio 1")
    grace = shopper(admin, "Grace Example", "grace@example.com", "07700 900123", "Via Esempio 2")
    put_into(admin, grace, "Trade")
    for party, code in ((ada, "BOTTLE"), (ada, "TRAIL-42"), (grace, "BOTTLE")):
        cancelled_sale(admin, party, code)
    rpc = TrytonRpc(server.url, server.database, *KEEPER)
    parties = [["id", "in", [ada, grace]]]
    found = [
        searched(rpc, "party.party", CUSTOMER, parties),
        searched(rpc, "sale.sale", BOUGHT, [["party", "in", [ada, grace]]]),
        asked(rpc, "model.party.party.write", [[ada], {"active": False}]),
        asked(rpc, f"{WIZARD}.create", []),
    ]
    session = found[-1]["response"]["result"][0]
    found.append(asked(rpc, f"{WIZARD}.execute", [session, {"ask": {"party": ada}}, "erase"]))
    return found


def searched(
    rpc: TrytonRpc,
    model: str,
    fields: Sequence[str],
    domain: Sequence[Json] = (),
    **context: Json,
) -> dict[str, Json]:
    """The records of a model, in order of their ids."""
    method = f"model.{model}.search_read"
    return asked(rpc, method, [list(domain), 0, None, [["id", "ASC"]], list(fields)], **context)


def asked(rpc: TrytonRpc, method: str, params: Sequence[Json], **context: Json) -> dict[str, Json]:
    """A call and its answer. Of the context only what was added to the user's own is kept."""
    result = rpc.call(method, *params, **context)
    return {
        "request": {"method": method, "params": [*params, context]},
        "response": {"id": 1, "result": result},
    }


if __name__ == "__main__":
    main()
