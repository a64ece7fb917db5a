"""That we have an order, and which parcels left, is said once, whoever ends in between."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.filedrop.desk import Desk
from connectors.filedrop.drop import At, ShutOutError, SilentError
from connectors.filedrop.folder import Folder
from connectors.filedrop.records import RefusedError
from connectors.filedrop.words import Parcel, accepted, sent
from tests.connectors.filedrop.files import Dying, Partner
from tests.connectors.filedrop.selling import SALES, gone, row, seller, table, words_of

SHIPPED = datetime(2026, 11, 20, 11, tzinfo=UTC)


def parcel(**units: int) -> Parcel:
    return Parcel(lines=units, carrier="DHL", tracking="0034", shipped_at=SHIPPED)


async def partner_of(root: Path, drop: Folder | None = None, **changes: Any) -> Partner:
    partner = seller(root, drop, sales={**SALES, **changes})
    partner.send("sold-1", table(row("F-1", units=3), row("F-1", "ROPE", 1), row("F-2")))
    await partner.desk.collector.look()
    return partner


async def after_a_start(partner: Partner) -> Desk:
    desk = partner.another()
    await desk.collector.look()
    return desk


async def test_that_we_have_an_order_is_said_once(tmp_path: Path) -> None:
    partner = await partner_of(tmp_path)
    words = words_of(partner.desk)

    before = accepted(await words.heard("F-1"))
    told = [await words.accept(key, "F-1") for key in ("ack-7", "ack-7", "ack-8")]
    again = await words_of(await after_a_start(partner)).accept("ack-9", "F-1")

    assert not before
    assert accepted(await words.heard("F-1"))
    assert not accepted(await words.heard("F-2"))
    assert {*told, again} == {"ack-7"}
    assert partner.there("out") == ["sale-ack-7.csv"]


async def test_where_nobody_waits_for_a_word_none_is_said(tmp_path: Path) -> None:
    partner = await partner_of(tmp_path, acknowledge=False)

    assert await words_of(partner.desk).accept("ack-7", "F-1") is None
    assert partner.there("out") == []


async def test_parcels_add_up_to_what_has_left(tmp_path: Path) -> None:
    partner = await partner_of(tmp_path)
    words = words_of(partner.desk)

    await words.despatch("P-1", "F-1", parcel(MUG=2))
    await words.despatch("P-1", "F-1", parcel(MUG=2))
    with pytest.raises(RefusedError, match="or not as often"):
        await words.despatch("P-2", "F-1", parcel(MUG=2))
    await words.despatch("P-2", "F-1", parcel(MUG=1, ROPE=1))

    other = words_of(await after_a_start(partner))
    for one in (words, other):
        assert sent(await one.heard("F-1")) == {"MUG": 3, "ROPE": 1}
    assert partner.there("out") == ["sale-P-1.csv", "sale-P-2.csv"]
    at = "2026-11-20T11:00:00+00:00,2026-11-20T12:00:00+00:00"
    assert (tmp_path / "out" / "sale-P-2.csv").read_text().splitlines()[1:] == [
        f"DESPATCH,P-2,F-1,MUG,MUG,1,DHL,,,0034,{at}",
        f"DESPATCH,P-2,F-1,ROPE,ROPE,1,DHL,,,0034,{at}",
    ]


@pytest.mark.parametrize(
    ("order", "units", "why"),
    [
        ("F-9", {"MUG": 1}, "there is no such order"),
        ("F-1", {}, "a line is not in the order"),
        ("F-1", {"TENT": 1}, "a line is not in the order"),
        ("F-1", {"MUG": 0}, "or not as often"),
        ("F-1", {"MUG": -1}, "or not as often"),
        ("F-1", {"MUG": 4}, "or not as often"),
        ("F-3", {"MUG": 1}, "the order is over, or not paid yet"),
        ("F-4", {"MUG": 1}, "the order is over, or not paid yet"),
    ],
)
async def test_what_cannot_leave_is_refused(
    tmp_path: Path, order: str, units: dict[str, int], why: str
) -> None:
    partner = await partner_of(tmp_path)
    partner.send("sold-2", table(row("F-3"), row("F-4", state="unpaid")))
    partner.send("sold-3", table(gone("F-3")))
    await partner.desk.collector.look()

    with pytest.raises(RefusedError, match=why):
        await words_of(partner.desk).despatch("P-1", order, parcel(**units))
    assert partner.there("out") == partner.there("records/sales") == []


@pytest.mark.parametrize(("order", "why"), [("F-9", "no such order"), ("F-3", "is over")])
async def test_what_is_not_to_be_had_is_not_accepted(tmp_path: Path, order: str, why: str) -> None:
    partner = await partner_of(tmp_path)
    partner.send("sold-2", table(row("F-3"), gone("F-4")))
    partner.send("sold-3", table(gone("F-3")))
    await partner.desk.collector.look()

    with pytest.raises(RefusedError, match=why):
        await words_of(partner.desk).accept("ack-1", order)
    assert partner.there("out") == []


async def test_a_line_that_is_cancelled_does_not_leave(tmp_path: Path) -> None:
    partner = await partner_of(tmp_path)
    partner.send("sold-2", table(gone("F-1", "ROPE")))
    await partner.desk.collector.look()
    words = words_of(partner.desk)

    with pytest.raises(RefusedError, match="a line is not in the order"):
        await words.despatch("P-1", "F-1", parcel(ROPE=1))
    await words.despatch("P-1", "F-1", parcel(MUG=3))

    assert partner.there("out") == ["sale-P-1.csv"]


@pytest.mark.parametrize("key", ["", "../P-1", "P 1", "P.1", "P" * 101])
async def test_a_key_that_could_name_another_file_is_refused(tmp_path: Path, key: str) -> None:
    partner = await partner_of(tmp_path)

    with pytest.raises(RefusedError, match="can name a file"):
        await words_of(partner.desk).accept(key, "F-1")
    with pytest.raises(RefusedError, match="can name a file"):
        await words_of(partner.desk).despatch(key, "F-1", parcel(MUG=1))
    assert partner.there("out") == []


async def test_a_number_that_the_form_cannot_say_did_not_happen(tmp_path: Path) -> None:
    partner = await partner_of(tmp_path, format="edifact", columns={}, states={})
    other = await partner_of(tmp_path)  # who reads the same archive as tables
    words = words_of(partner.desk)
    words._find = words_of(other.desk)._find

    with pytest.raises(RefusedError, match="at most 35 characters"):
        await words.accept("A" * 36, "F-1")
    assert partner.there("out") == []


async def said(desk: Desk) -> None:
    words = words_of(desk)
    await words.accept("ack-7", "F-1")
    await words.despatch("P-1", "F-1", parcel(MUG=2))
    await words.despatch("P-2", "F-1", parcel(MUG=1))


@pytest.mark.parametrize("file_is", ["left", "taken"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_process_that_ends_at_any_step_has_said_each_word_once(
    tmp_path: Path, when: str, file_is: str
) -> None:
    (tmp_path / "all").mkdir()
    whole = Dying(tmp_path / "all", 1_000, after=False)
    await said((await partner_of(tmp_path / "all", whole)).desk)
    steps = next(whole.steps) - 1
    assert steps >= 20

    for step in range(1, steps + 1):
        root = tmp_path / f"{step}"
        root.mkdir()
        received: list[str] = []
        (await partner_of(root)).there("in")
        for ends_at in (step, 1_000, 1_000):
            partner = seller(root, Dying(root, ends_at, after=when == "after"))
            with suppress(SilentError):
                await partner.desk.collector.look()
                await said(partner.desk)
            if file_is == "taken":
                received += partner.there("out")
                for name in partner.there("out"):
                    (root / "out" / name).unlink()
        words = ["sale-P-1.csv", "sale-P-2.csv", "sale-ack-7.csv"]
        assert sorted(received + partner.there("out")) == words, step
        assert sent(await words_of(partner.desk).heard("F-1")) == {"MUG": 3}, step


async def test_several_processes_at_once_say_each_word_once(tmp_path: Path) -> None:
    partner = await partner_of(tmp_path)
    desks = [partner.desk, *[await after_a_start(partner) for _ in range(3)]]

    await asyncio.gather(*(said(desk) for desk in desks))

    assert partner.there("out") == ["sale-P-1.csv", "sale-P-2.csv", "sale-ack-7.csv"]
    for desk in desks:
        assert sent(await words_of(desk).heard("F-1", anew=True)) == {"MUG": 3}


async def test_two_processes_never_send_more_than_was_ordered(tmp_path: Path) -> None:
    partner = await partner_of(tmp_path)
    desks = [partner.desk, *[await after_a_start(partner) for _ in range(3)]]

    told = await asyncio.gather(
        *(words_of(desk).despatch(f"P-{n}", "F-1", parcel(MUG=2)) for n, desk in enumerate(desks)),
        return_exceptions=True,
    )

    assert sorted(type(one).__name__ for one in told) == ["NoneType", *["RefusedError"] * 3]
    assert len(partner.there("out")) == 1


async def test_being_shut_out_after_the_claim_is_told_as_not_known(tmp_path: Path) -> None:
    class Shut(Folder):
        async def put(self, source: At, target: At) -> None:
            raise ShutOutError(f"{source.name} may not be {target.name}")

    partner = await partner_of(tmp_path, Shut(str(tmp_path)))

    with pytest.raises(SilentError):
        await words_of(partner.desk).accept("ack-7", "F-1")
    with pytest.raises(SilentError):
        await words_of(partner.desk).despatch("P-1", "F-1", parcel(MUG=1))
