"""Who shops in the live Tryton of these tests, and what do they buy?"""

from decimal import Decimal

from tests.real.tryton.rpc import TrytonRpc


def shopper(rpc: TrytonRpc, name: str, email: str, phone: str, street: str) -> int:
    """A party with contacts and an address."""
    mechanisms = [{"type": "email", "value": email}, {"type": "mobile", "value": phone}]
    address = {"street_unstructured": street, "postal_code": "37121", "city": "Verona"}
    values = {
        "name": name,
        "contact_mechanisms": [["create", mechanisms]],
        "addresses": [["create", [address]]],
    }
    return rpc.create("party.party", values)


def cancelled_sale(rpc: TrytonRpc, party: int, code: str) -> int:
    """A sale that came to nothing."""
    product = rpc.find("product.product", ["code", "=", code])
    unit = rpc.read("product.product", product, "sale_uom")["sale_uom"]
    address = rpc.find("party.address", ["party", "=", party])
    line = {"product": product, "quantity": 2, "unit": unit, "unit_price": Decimal("99.00")}
    values = {
        "party": party,
        "invoice_address": address,
        "shipment_address": address,
        "invoice_method": "manual",
        "lines": [["create", [line]]],
    }
    sale = rpc.create("sale.sale", values)
    rpc.press("sale.sale", "cancel", sale)
    return sale


def put_into(rpc: TrytonRpc, party: int, category: str) -> None:
    """A party in a category."""
    made = rpc.create("party.category", {"name": category})
    rpc.call("model.party.party.write", [party], {"categories": [["add", [made]]]})
