"""Which rights does the gateway's user need to know customers and to erase them?"""

from tests.real.tryton.rpc import TrytonRpc

KEEPER = ("keeper", "Harbour-Lantern-52")
READS = ("sale.sale", "sale.line")


def keeper(rpc: TrytonRpc) -> None:
    """A user that reads parties and sales, and may erase parties."""
    group = rpc.create("res.group", {"name": "Gateway (knows customers)"})
    for model in READS:
        access = {
            "model": model,
            "group": group,
            "perm_read": True,
            "perm_write": False,
            "perm_create": False,
            "perm_delete": False,
        }
        rpc.create("ir.model.access", access)
    company = rpc.context["company"]
    erases = rpc.find("res.group", ["name", "=", "Party Administration"])
    rpc.create(
        "res.user",
        {
            "name": "Gateway",
            "login": KEEPER[0],
            "password": KEEPER[1],
            "groups": [["add", [group, erases]]],
            "companies": [["add", [company]]],
            "company": company,
        },
    )
