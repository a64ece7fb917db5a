"""What does a real Tryton answer? Records the specimen that the conformance suites replay.

Run as `python -m tests.real.tryton.record`; it rewrites `connectors/tryton/specimen/`.
"""

import json
from collections.abc import Sequence
from typing import Any

from connectors.tryton.catalog import FIELDS
from connectors.tryton.places import DESCRIBED
from connectors.tryton.prices import GROSS, NET
from connectors.tryton.stock import MOVE_FIELDS
from tests.real.tryton.rpc import TrytonRpc
from tests.real.tryton.server import REPOSITORY, TrytonServer, tryton_server

FOLDER = REPOSITORY / "connectors" / "tryton" / "specimen"
Json = Any


def main() -> None:
    """Record every answer that the specimen is made of."""
    with tryton_server() as server:
        for number, exchange in enumerate(exchanges(server), 1):
            method = exchange["request"]["method"].removeprefix("model.")
            path = FOLDER / f"{number:02}-{method}.json"
            path.write_text(json.dumps(exchange, indent=1, ensure_ascii=False) + "\n")


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
