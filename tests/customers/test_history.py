"""Everything somebody has bought, online and in stores, in one list."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.customers.history import number_in
from app.ports import OrderKey
from connectors.sandbox.faults import Fault
from connectors.sandbox.retailer.people import Person
from connectors.sandbox.retailer.sales import at_tills, online
from tests.customers.shoppers import SEED, House, house, known_to_both, proved, shopper

ADA = known_to_both(confirmed=True, checked=True)


def everything(person: Person) -> list[tuple[str, str]]:
    """What the systems have sold to somebody long ago, the latest first."""
    sold = [(sale.at, "shop", sale.number) for sale in online(SEED) if sale.customer == person.shop]
    sold += [
        (sale.at, "tills", sale.number) for sale in at_tills(SEED) if sale.customer == person.tills
    ]
    return [(source, number) for _, source, number in sorted(sold, reverse=True)]


def told(page: dict[str, Any]) -> list[tuple[str, str]]:
    return [(edge["node"]["source"], edge["node"]["reference"]) for edge in page["edges"]]


async def test_orders_and_receipts_are_one_list_the_latest_first(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.registered(proved(ADA))
        page = await at.bought(at.by(proved(ADA)), first=50)
        assert told(page) == everything(ADA)
        assert {source for source, _ in told(page)} == {"shop", "tills"}
        assert page["missing"] == []
        placed = [edge["node"]["placedAt"] for edge in page["edges"]]
        assert len(set(placed)) == len(placed)
        receipt = next(e["node"] for e in page["edges"] if e["node"]["source"] == "tills")
        assert receipt["location"].startswith("ST-")
        assert receipt["channel"] == "STORE"
        assert receipt["order"] is None
        assert all(line["sku"] for line in receipt["lines"])


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_pages_make_the_whole_list(tmp_path: Path, size: int) -> None:
    async with house(tmp_path) as at:
        await at.registered(proved(ADA))
        found: list[tuple[str, str]] = []
        after, more = None, True
        while more:
            page = await at.bought(at.by(proved(ADA)), first=size, after=after)
            assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
            found += told(page)
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert found == everything(ADA)


async def test_a_silent_system_is_missing_and_not_empty(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.registered(proved(ADA))
        at.sandbox.upstreams["tills"].break_with(Fault(kind="fail"))
        page = await at.bought(at.by(proved(ADA)), first=50)
        assert page["missing"] == ["tills"]
        assert told(page) == [one for one in everything(ADA) if one[0] == "shop"]


async def test_a_row_that_cannot_be_read_makes_its_system_miss_something(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.registered(proved(ADA))
        at.sandbox.upstreams["tills"].break_with(Fault(kind="bad_rows"))
        page = await at.bought(at.by(proved(ADA)), first=50)
        assert page["missing"] == ["tills"]


async def test_another_page_size_or_cursor_is_told(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.registered(proved(ADA))
        for page in ({"first": 0}, {"first": 51}, {"after": "WzFd"}, {"after": "nothing"}):
            text = """query Q($first: Int, $after: String) {
              me { purchases(first: $first, after: $after) { missing } } }"""
            body = await at.by(proved(ADA))(text, **page)
            assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT", page


async def test_who_is_nobody_elsewhere_has_bought_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.registered(shopper("new"))
        page = await at.bought(at.by(shopper("new")))
        assert (page["edges"], page["missing"]) == ([], [])


def test_a_later_attempt_is_of_the_same_order() -> None:
    assert [number_in(OrderKey(key)) for key in ("ABC", "ABC-2")] == ["ABC", "ABC"]


async def test_an_order_of_ours_that_a_system_tells_again_is_told_once(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        me = await at.registered(proved(ADA))
        number = await ordered(at, me["id"])
        page = await at.bought(at.by(proved(ADA)), first=50)
        assert told(page) == [("tessera", number), *everything(ADA)]
        assert page["edges"][0]["node"]["order"] == {"number": number}


async def test_lines_of_an_order_of_ours_cost_what_was_paid_for_them(tmp_path: Path) -> None:
    text = """{ me { purchases(first: 1) { edges { node {
      total { amount } lines { total { amount } }
      order { total { amount } lines { subtotal { amount } total { amount } } } } } } } }"""
    halved = {"promotions": {"half": {"percent": "50"}}}
    async with house(tmp_path, pricing=halved) as at:
        me = await at.registered(proved(ADA))
        await ordered(at, me["id"])
        [edge] = (await at.by(proved(ADA)).data(text))["me"]["purchases"]["edges"]

    bought, order = edge["node"], edge["node"]["order"]
    [line] = order["lines"]
    assert Decimal(line["total"]["amount"]) < Decimal(line["subtotal"]["amount"])
    assert bought["lines"] == [{"total": line["total"]}]
    assert bought["total"] == order["total"] == line["total"]


async def test_an_order_of_ours_that_was_nobodys_is_told_by_its_system(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.registered(proved(ADA))
        await ordered(at, None)
        page = await at.bought(at.by(proved(ADA)), first=50)
        assert told(page)[0][0] == "shop"
        assert len(page["edges"]) == len(everything(ADA)) + 1


async def ordered(at: House, customer: str | None) -> str:
    """An order of the shop's, bought with the person's address; of the customer, if one is told."""
    return await at.ordered(ADA, customer)
