"""Our figures go out as files in the order of their numbers, each publication once."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from connectors.filedrop.desk import Desk
from connectors.filedrop.drop import At, ShutOutError, SilentError
from connectors.filedrop.folder import Folder
from connectors.filedrop.offering import Wanted
from connectors.filedrop.publishing import Publisher
from connectors.filedrop.records import RefusedError
from tests.connectors.filedrop.files import NOON, Dying, Partner
from tests.connectors.filedrop.selling import publisher_of, seller

FIRST = "listing-000000001-full-20261120T120000Z.csv"
SECOND = "listing-000000002-delta-20261120T120000Z.csv"


def want(sku: str, quantity: int | None = None, price: str | None = None) -> Wanted:
    return Wanted(
        sku=sku, quantity=quantity, price=price, currency=None if price is None else "EUR"
    )


def partner_of(root: Path, drop: Folder | None = None, **changes: Any) -> Partner:
    return seller(root, drop, listings=changes)


def rows(partner: Partner, name: str) -> list[str]:
    """What a file tells: SKU, quantity, price."""
    _, *lines = (partner.root / "out" / name).read_text().splitlines()
    cells = [line.split(",") for line in lines]
    return [f"{sku} {units or '-'} {price or '-'}" for sku, _, units, price, *_ in cells]


async def told(desk: Desk, *skus: str) -> dict[str, tuple[int | None, str | None]]:
    return {one.sku: (one.quantity, one.price) for one in await publisher_of(desk).told(skus)}


async def test_the_first_file_is_a_full_one_and_the_next_one_tells_what_changed(
    tmp_path: Path,
) -> None:
    partner = partner_of(tmp_path)
    publisher = publisher_of(partner.desk)

    first = await publisher.publish("K-1", [want("A", 4, "9.90"), want("B", 0)])
    await publisher.publish("K-2", [want("A", 3), want("C", 7)])
    await publisher.publish("K-3", [want("A", price="8.00")])

    assert first == {"A": None, "B": None}
    third = "listing-000000003-delta-20261120T120000Z.csv"
    assert partner.there("out") == [FIRST, SECOND, third]
    assert rows(partner, FIRST) == ["A 4 9.90", "B 0 -"]
    assert rows(partner, SECOND) == ["A 3 9.90", "C 7 -"]
    assert rows(partner, third) == ["A 3 8.00"]
    assert await told(partner.another(), "A", "B", "D", "A") == {"A": (3, "8.00"), "B": (0, None)}


async def test_the_same_key_again_is_the_same_file(tmp_path: Path) -> None:
    partner = partner_of(tmp_path)
    wanted = [want("A", 4), want("A" * 101, 1)]
    verdicts = await publisher_of(partner.desk).publish("K-1", wanted)
    (tmp_path / "out" / FIRST).unlink()

    again = await publisher_of(partner.desk).publish("K-1", wanted)
    elsewhere = await publisher_of(partner.another()).publish("K-1", wanted)

    assert verdicts == again == elsewhere == {"A": None, "A" * 101: "SKU_TOO_LONG"}
    assert partner.there("out") == []
    assert partner.there("records/listings") == ["000000000001.json"]


async def test_nothing_that_can_be_told_is_no_file(tmp_path: Path) -> None:
    partner = partner_of(tmp_path, most=1)

    refused = await publisher_of(partner.desk).publish("K-1", [want("A", -1)])
    none = await publisher_of(partner.desk).publish("K-2", [])
    full = await publisher_of(partner.desk).publish("K-3", [want("A", 1), want("B", 1)])
    known = await publisher_of(partner.desk).publish("K-4", [want("B", 1), want("A", 2)])

    assert (refused, none) == ({"A": "QUANTITY_BELOW_ZERO"}, {})
    assert full == known == {"A": None, "B": "TOO_MANY_SKUS"}
    assert partner.there("out") == [FIRST, SECOND]


async def test_a_file_that_is_too_large_did_not_happen(tmp_path: Path) -> None:
    partner = seller(tmp_path, limits={"bytes": 200})

    with pytest.raises(RefusedError, match="larger than the limit"):
        await publisher_of(partner.desk).publish("K-1", [want(f"SKU-{n}", n) for n in range(20)])

    assert partner.there("out") == partner.there("records/listings") == []


async def test_what_is_new_goes_out_though_all_of_it_would_be_too_large(tmp_path: Path) -> None:
    partner = seller(tmp_path, limits={"bytes": 200}, listings={"full_after": 1})
    publisher = publisher_of(partner.desk)

    for n in range(5):
        await publisher.publish(f"K-{n}", [want(f"SKU-{n}", n)])
    await publisher.round()

    kinds = [name.split("-")[2] for name in partner.there("out")]
    assert kinds == ["full", "delta", "full", "delta", "delta"]
    assert await told(partner.another(), "SKU-0", "SKU-4") == {
        "SKU-0": (0, None),
        "SKU-4": (4, None),
    }


async def test_a_full_file_goes_out_once_a_day_by_the_clock_of_the_partner(tmp_path: Path) -> None:
    partner = partner_of(tmp_path, full_at="03:00", dates={"zone": "Europe/Rome"})
    publisher, clock = publisher_of(partner.desk), partner.clock
    await publisher.round()
    await publisher.publish("K-1", [want("A", 4), want("B", 5)])
    await publisher.publish("K-2", [want("A", 3)])

    clock.at = NOON.replace(day=21, hour=1, minute=59)
    await publisher.round()
    early = partner.there("out")
    clock.forward(minutes=1)
    for desk in (partner.desk, partner.desk, partner.another()):
        await publisher_of(desk).round()

    full = "listing-000000003-full-20261121T020000Z.csv"
    assert early == [FIRST, SECOND]
    assert partner.there("out") == [FIRST, SECOND, full]
    assert rows(partner, full) == ["A 3 -", "B 5 -"]


async def test_a_full_file_that_was_missed_is_made_up_for(tmp_path: Path) -> None:
    partner = partner_of(tmp_path, full_at="23:00")
    await publisher_of(partner.desk).publish("K-1", [want("A", 4)])

    partner.clock.forward(hours=13)  # one in the morning
    await publisher_of(partner.another()).round()

    assert partner.there("out")[1:] == ["listing-000000002-full-20261121T010000Z.csv"]


async def test_what_was_told_is_kept_in_few_records(tmp_path: Path) -> None:
    partner = partner_of(tmp_path, full_after=3)
    for n in range(1, 12):
        await publisher_of(partner.another()).publish(f"K-{n}", [want(f"S{n % 4}", n)])

    kinds = "".join(name.split("-")[2][0] for name in partner.there("out"))
    assert kinds == "fdddfdddfdd"
    await told(partner.another(), "S0")
    kept = partner.there("records/listings")
    assert kept == [f"{number:012d}.json" for number in range(5, 12)]
    everything = {"S0": (8, None), "S1": (9, None), "S2": (10, None), "S3": (11, None)}
    assert await told(partner.another(), "S0", "S1", "S2", "S3") == everything
    assert (await publisher_of(partner.another()).publish("K-9", [want("S1", 9)])) == {"S1": None}
    assert len(partner.there("out")) == 11


async def test_a_clock_that_goes_back_makes_no_file_older_than_the_one_before(
    tmp_path: Path,
) -> None:
    partner = partner_of(tmp_path)
    await publisher_of(partner.desk).publish("K-1", [want("A", 4)])
    partner.clock.forward(hours=-2)

    await publisher_of(partner.another()).publish("K-2", [want("A", 3)])

    assert partner.there("out") == [FIRST, SECOND]


async def published(desk: Desk) -> None:
    """Two publications, of which the second one is the newer word."""
    publisher = publisher_of(desk)
    await publisher.publish("K-1", [want("A", 4)])
    await publisher.publish("K-2", [want("A", 3)])


class Watched(Dying):
    """Remembers in which order files came to the outbox."""

    came: list[str]

    async def put(self, source: At, target: At) -> None:
        there = set(self.names())
        try:
            await super().put(source, target)
        finally:
            self.came += [name for name in self.names() if name not in there]

    def names(self) -> list[str]:
        out = self._root / "out"
        return sorted(one.name for one in out.iterdir()) if out.is_dir() else []


@pytest.mark.parametrize("file_is", ["left", "taken"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_process_that_ends_at_any_step_leaves_each_file_once_and_in_order(
    tmp_path: Path, when: str, file_is: str
) -> None:
    (tmp_path / "all").mkdir()
    whole = Watched(tmp_path / "all", 1_000, after=False)
    whole.came = []
    await published(partner_of(tmp_path / "all", whole).desk)
    steps = next(whole.steps) - 1
    assert steps >= 10

    for step in range(1, steps + 1):
        root = tmp_path / f"{step}"
        root.mkdir()
        came: list[str] = []
        for ends_at in (step, 1_000, 1_000):
            drop = Watched(root, ends_at, after=when == "after")
            drop.came = came
            partner = partner_of(root, drop)
            with suppress(SilentError):
                await published(partner.desk)
            if file_is == "taken":
                for name in partner.there("out"):
                    (root / "out" / name).unlink()
        assert came == [FIRST, SECOND], step
        assert await told(partner.desk, "A") == {"A": (3, None)}, step


async def test_an_older_word_never_follows_a_newer_one(tmp_path: Path) -> None:
    class Stuck(Folder):
        async def put(self, source: At, target: At) -> None:
            raise SilentError(f"{source.name} stays, and is not {target.name}")

    partner = partner_of(tmp_path, Stuck(str(tmp_path)))
    with pytest.raises(SilentError):
        await publisher_of(partner.desk).publish("K-1", [want("A", 4)])
    other = publisher_of(partner.another())

    await other.publish("K-2", [want("A", 3)])
    await other.publish("K-1", [want("A", 4)])

    assert partner.there("out") == [FIRST, SECOND]
    assert rows(partner, FIRST) == ["A 4 -"]
    assert rows(partner, SECOND) == ["A 3 -"]


async def test_several_processes_at_once_leave_each_file_once(tmp_path: Path) -> None:
    partner = partner_of(tmp_path)
    publishers = [publisher_of(partner.another()) for _ in range(4)]

    await asyncio.gather(
        *(one.publish(f"K-{n}", [want(f"S{n}", n)]) for one in publishers for n in range(3))
    )

    numbers = [name.split("-")[1] for name in partner.there("out")]
    assert numbers == ["000000001", "000000002", "000000003"]
    found = await told(partner.another(), "S0", "S1", "S2")
    assert found == {"S0": (0, None), "S1": (1, None), "S2": (2, None)}


async def test_who_loses_the_number_takes_the_next_one(tmp_path: Path) -> None:
    class Late(Folder):
        rival: Publisher

        async def move(self, source: At, target: At) -> None:
            await self.rival.publish("K-1", [want("A", 4)])
            await super().move(source, target)

    drop = Late(str(tmp_path))
    partner = partner_of(tmp_path, drop)
    drop.rival = publisher_of(partner.another())

    await publisher_of(partner.desk).publish("K-2", [want("B", 5)])

    assert partner.there("out") == [FIRST, SECOND]
    assert partner.there("records/listings") == ["000000000001.json", "000000000002.json"]
    assert await told(partner.desk, "A", "B") == {"A": (4, None), "B": (5, None)}


async def test_being_shut_out_of_the_outbox_after_the_claim_is_told_as_not_known(
    tmp_path: Path,
) -> None:
    class Shut(Folder):
        async def put(self, source: At, target: At) -> None:
            raise ShutOutError(f"{source.name} may not be {target.name}")

    partner = partner_of(tmp_path, Shut(str(tmp_path)))

    with pytest.raises(SilentError):
        await publisher_of(partner.desk).publish("K-1", [want("A", 4)])
