"""An operator sees what marketplaces do not take, has it tried again, and reports parcels."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import tessera
from app.cli.markets import markets
from app.markets import listing_rows, order_rows, parcel_rows
from app.markets.model import Fate, ListingState, Shown
from app.ports import MarketOrderStatus
from app.store import Work, open_store
from app.values import Sku
from tests.builders import NOON

CONFIG = """
[connections.shop]
connector = "sandbox"
[connections.bazaar]
connector = "sandbox"
[bind]
catalogue = "shop"
prices = "shop"
[bind.stock]
shop = ["*"]
[channels.WEB]
currency = "EUR"
country = "IT"
locale = "it"
[store]
url = { env = "STORE" }
[markets.bazaar]
channel = "WEB"
locations = ["ECOM-1"]
"""


class Desk:
    """The command line over a database."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        file = folder / "tessera.toml"
        file.write_text(CONFIG, encoding="utf-8")
        self.env = {"STORE": address, "TESSERA_CONFIG": str(file)}

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(tessera, ["markets", *arguments], env=self.env)

    def has(self) -> None:
        """An order that was refused, and a listing that was."""

        async def keep() -> None:
            async with open_store(self.address) as store:
                await store.act(_some, now=NOON)

        asyncio.run(keep())


def _some(work: Work) -> None:
    order_rows.put(
        work.connection,
        "bazaar",
        "M-1",
        NOON,
        state=Fate.REFUSED,
        status=MarketOrderStatus.OPEN,
        reason="nobody carries A",
    )
    order_rows.put(work.connection, "bazaar", "M-2", NOON, state=Fate.OVER)
    refused = Shown(
        sku=Sku("A"), wanted_quantity=3, quantity=3, state=ListingState.REFUSED, reason="no_page"
    )
    listing_rows.put(work.connection, "bazaar", [refused])


@pytest.fixture
def desk(address: str, tmp_path: Path) -> Desk:
    return Desk(address, tmp_path)


def test_what_needs_eyes_is_shown_and_tried_again(desk: Desk) -> None:
    desk.has()

    assert desk("list").output == (
        "bazaar  never read  orders: 1 over, 1 refused\n  listings: 1 refused; to be told: 0\n"
    )
    assert desk("orders", "bazaar").output.endswith("12:00: nobody carries A\n")
    assert desk("orders", "bazaar").output.startswith("M-1  REFUSED since ")
    assert desk("listings", "bazaar").output == "A  REFUSED: 3 at its price (no_page)\n"
    assert desk("retry", "bazaar").output == "Read again: M-1.\n"
    assert desk("retry", "bazaar", "M-2").output == "Read again: M-2.\n"
    assert desk("aside", "bazaar", "M-1").output == "M-1 is put aside.\n"
    assert desk("aside", "bazaar", "M-1").exit_code == 2
    assert desk("orders", "bazaar").output == ""
    assert desk("resync", "bazaar").output == "To be told: 1.\n"
    assert "to be told: 1 since" in desk("list").output
    assert {*markets.commands} == {
        *("list", "orders", "listings", "retry", "aside", "resync", "ship")
    }


def test_a_parcel_is_reported_once(desk: Desk) -> None:
    words = ("ship", "bazaar", "M-1", "--carrier", "DHL", "--tracking", "T1", "--line", "1=2")
    said = [desk(*words).output for _ in range(2)]

    async def due() -> list[parcel_rows.Leaving]:
        async with open_store(desk.address) as store:
            late = NOON.replace(year=2200)
            return await store.read(partial(parcel_rows.due, name="bazaar", now=late, most=9))

    (leaving,) = asyncio.run(due())

    assert said == ["It is told.\n", "That was said before.\n"]
    assert [(one.reference, one.quantity) for one in leaving.parcel.lines] == [("1", 2)]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("orders", "bazar"), "did you mean 'bazaar'"),
        (("retry", "bazaar", "M-9"), "has told of no order M-9"),
        (
            ("ship", "bazaar", "M-1", "--carrier", "D", "--tracking", "T", "--line", "1"),
            "is not LINE=UNITS",
        ),
        (
            ("ship", "bazaar", "M-1", "--carrier", "D", "--tracking", "T", "--line", "1=1000000"),
            "is not LINE=UNITS",
        ),
        (
            (
                "ship",
                "bazaar",
                "M-1",
                "--carrier",
                "D",
                "--tracking",
                "T",
                "--line",
                "x" * 101 + "=1",
            ),
            "is not LINE=UNITS",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(desk: Desk, words: tuple[str, ...], problem: str) -> None:
    result = desk(*words)

    assert (result.exit_code, problem in result.output) == (2, True)
