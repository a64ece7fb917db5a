"""Which rights does the gateway's user need in order to sell? These, and no more."""

from tests.real.tryton.rpc import TrytonRpc

SELLER = ("seller", "Copper-Meadow-63")
READS = ("stock.move", "stock.period", "stock.period.cache", "sale.point", "stock.shipment.out")
WRITES = ("sale.sale", "sale.line")
SHIPS = ("stock.shipment.out", "stock.move")


def seller(rpc: TrytonRpc) -> None:
    """A user that reads what the gateway reads, sells, and stops shipments."""
    group = rpc.create("res.group", {"name": "Gateway (sells)"})
    for model in {*READS, *WRITES}:
        access = {
            "model": model,
            "group": group,
            "perm_read": True,
            "perm_write": model in {*WRITES, *SHIPS},
            "perm_create": model in WRITES,
            "perm_delete": model in WRITES,
        }
        rpc.create("ir.model.access", access)
    company = rpc.context["company"]
    rpc.create(
        "res.user",
        {
            "name": "Gateway",
            "login": SELLER[0],
            "password": SELLER[1],
            "groups": [["add", [group]]],
            "companies": [["add", [company]]],
            "company": company,
        },
    )
