"""Who shops in the live Vendure of these tests?"""

from typing import Any

from tests.real.vendure.server import VendureServer
from tests.real.vendure.visitors import administrator

PASSWORD = "a-made-up-password"
CREATE = """mutation($i: CreateCustomerInput!, $p: String) {
  createCustomer(input: $i, password: $p) {
    ... on Customer { id } ... on ErrorResult { message } } }"""
GROUPED = """mutation($i: CreateCustomerGroupInput!) { createCustomerGroup(input: $i) { id } }"""
ADDRESS = """mutation($c: ID!, $i: CreateAddressInput!) {
  createCustomerAddress(customerId: $c, input: $i) { id } }"""


def account(
    server: VendureServer, email: str, *, given: str, family: str, phone: str, street: str
) -> str:
    """The id of a new customer, whose address the shop has seen proved."""
    admin = administrator(server)
    told: dict[str, Any] = {
        "firstName": given,
        "lastName": family,
        "emailAddress": email,
        "phoneNumber": phone,
    }
    made = admin.ask(CREATE, {"i": told, "p": PASSWORD})["createCustomer"]
    where = {"streetLine1": street, "city": "Verona", "postalCode": "37121", "countryCode": "IT"}
    admin.ask(ADDRESS, {"c": made["id"], "i": where})
    admin.close()
    return str(made["id"])


def grouped(server: VendureServer, customer: str, group: str) -> None:
    """A customer in a group."""
    admin = administrator(server)
    admin.ask(GROUPED, {"i": {"name": group, "customerIds": [customer]}})
    admin.close()
