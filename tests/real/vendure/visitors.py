"""What do people do in a Vendure, besides being read by us?"""

from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from tests.real.vendure.server import VendureServer

TOKEN = "vendure-auth-token"
LOG_IN = "mutation($u: String!, $p: String!) { login(username: $u, password: $p) { __typename } }"
PURCHASE = (
    """mutation { setCustomerForOrder(input: {
         emailAddress: "ada@example.com", firstName: "Ada", lastName: "Byron"
       }) { __typename ... on ErrorResult { message } } }""",
    """mutation { setOrderShippingAddress(input: {
         fullName: "Ada Byron", streetLine1: "Via Roma 1", city: "Verona", postalCode: "37121",
         countryCode: "IT"
       }) { __typename ... on ErrorResult { message } } }""",
    """mutation { setOrderShippingMethod(shippingMethodId: ["1"]) {
         __typename ... on ErrorResult { message } } }""",
    """mutation { transitionOrderToState(state: "ArrangingPayment") {
         __typename ... on ErrorResult { message } } }""",
    """mutation { addPaymentToOrder(input: { method: "test-payment", metadata: {} }) {
         __typename ... on ErrorResult { message } } }""",
)


class Visitor:
    """Someone with a browser: speaks GraphQL and keeps a session."""

    def __init__(self, server: VendureServer, path: str) -> None:
        self._client = httpx.Client(base_url=server.url, timeout=30)
        self._path = path
        self._token = ""

    def ask(self, document: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The data of the answer; an error fails the test."""
        answer = self._client.post(
            self._path,
            json={"query": document, "variables": variables or {}},
            headers={"authorization": f"Bearer {self._token}"} if self._token else {},
        )
        body = answer.json()
        assert "errors" not in body, body["errors"]
        self._token = answer.headers.get(TOKEN) or self._token
        return body["data"]

    def close(self) -> None:
        """Leave."""
        self._client.close()


def administrator(server: VendureServer) -> Visitor:
    """Someone who may do everything."""
    visitor = Visitor(server, "admin-api")
    visitor.ask(LOG_IN, {"u": server.username, "p": server.password})
    return visitor


def buy(server: VendureServer, variant_id: str, quantity: int) -> None:
    """Place and pay an order in the shop, as a guest."""
    shopper = Visitor(server, "shop-api")
    _bought(shopper, variant_id, quantity, PURCHASE)


def buy_as(server: VendureServer, email: str, password: str, street: str) -> None:
    """Place and pay an order of one piece in the shop, signed in to an account."""
    shopper = Visitor(server, "shop-api")
    shopper.ask(LOG_IN, {"u": email, "p": password})
    _, *steps = PURCHASE
    _bought(shopper, "1", 1, [step.replace("Via Roma 1", street) for step in steps])


def _bought(shopper: Visitor, variant_id: str, quantity: int, steps: Iterable[str]) -> None:
    add = """mutation($v: ID!, $q: Int!) {
      addItemToOrder(productVariantId: $v, quantity: $q) {
        __typename ... on ErrorResult { message }
      }
    }"""
    first = shopper.ask(add, {"v": variant_id, "q": quantity})
    answers = [first, *(shopper.ask(step) for step in steps)]
    shopper.close()
    outcomes = [outcome for answer in answers for outcome in answer.values()]
    assert [outcome["__typename"] for outcome in outcomes] == ["Order"] * len(answers), outcomes
