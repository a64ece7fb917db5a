"""Orders come as files: each file once, whole or not at all, whoever ends in between."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from connectors.filedrop.desk import Desk
from connectors.filedrop.drop import At, SilentError
from connectors.filedrop.folder import Folder
from connectors.filedrop.sold import FIRST
from tests.connectors.filedrop import files
from tests.connectors.filedrop.files import NOON, STOCK, Dying, Partner
from tests.connectors.filedrop.selling import SALES, gone, known, row, seller, table


async def look(desk: Desk) -> None:
    await desk.collector.look()


def arrivals(partner: Partner) -> list[str]:
    """The names in the archive, without the numbers that say when they came."""
    return [name.split("~", maxsplit=1)[1] for name in partner.there("archive")]


async def test_orders_are_taken_and_kept_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    partner = seller(tmp_path)
    partner.send("sold-2", table(row("F-2", units=3)))
    await look(partner.desk)
    partner.send("sold-1", table(row("F-1"), row("F-1", "ROPE", 1)))
    await look(partner.desk)

    orders = {"F-1": ("OPEN", {"MUG": 2, "ROPE": 1}), "F-2": ("OPEN", {"MUG": 3})}
    again = partner.another()
    await look(again)
    for desk in (partner.desk, again):
        assert known(desk, "F-1", "F-2", "F-3") == orders
        told = [one.sale.number for one in desk.collector.sold.page(FIRST, 10)[0]]
        assert told == ["F-2", "F-1"]
    assert again.collector.sold.page(FIRST, 1) == partner.desk.collector.sold.page(FIRST, 1)
    assert partner.there("in") == []
    stamp = "20261120T100000000000Z~0~S~"
    assert arrivals(partner) == [f"{stamp}sold-2", f"{stamp}sold-1"]


async def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    partner = seller(tmp_path)
    for _ in range(2):
        partner.send("sold-1", table(row("F-1")))
        await look(partner.desk)
    _, at, _ = partner.desk.collector.sold.page(FIRST, 10)
    partner.send("sold-1-copy", table(row("F-1")))
    await look(partner.desk)

    assert partner.desk.collector.sold.page(at, 10) == ([], at, False)
    assert known(partner.desk, "F-1") == {"F-1": ("OPEN", {"MUG": 2})}
    assert [name.split("~")[-1] for name in partner.there("archive")] == ["sold-1", "sold-1-copy"]
    assert partner.there("in") == partner.there("rejected") == []


async def test_another_file_of_the_same_name_and_date_is_refused(tmp_path: Path) -> None:
    partner = seller(tmp_path)
    partner.send("sold-1", table(row("F-1")))
    await look(partner.desk)
    partner.send("sold-1", table(row("F-1", units=9)))
    await look(partner.desk)

    assert known(partner.desk, "F-1") == {"F-1": ("OPEN", {"MUG": 2})}
    assert partner.why("sold-1") == [
        "line 1, column 1: another file of this name, date and sequence was taken before"
    ]


async def test_an_older_file_never_overwrites_a_newer_one_and_what_is_gone_stays_so(
    tmp_path: Path,
) -> None:
    partner = seller(tmp_path)
    partner.send("sold-1", table(row("F-1", units=5, at="2026-11-20T11:00Z"), gone("F-2")))
    await look(partner.desk)
    partner.send("sold-2", table(row("F-1", units=1), row("F-2")))
    await look(partner.desk)

    again = partner.another()
    await look(again)
    for desk in (partner.desk, again):
        assert known(desk, "F-1", "F-2") == {"F-1": ("OPEN", {"MUG": 5}), "F-2": ("CANCELLED", {})}


async def test_a_bad_line_refuses_its_file_and_is_told_once_by_its_order(tmp_path: Path) -> None:
    partner = seller(tmp_path, stock={**STOCK, "full": ["full-*"]})
    partner.send("sold-1", table(row("F-1"), row("F-2", units="x"), "F-3"))
    partner.send("full-1", files.table(files.line("A", 4)))
    await look(partner.desk)

    wrong = "line 3, column 4: quantity is not a whole number"
    assert known(partner.desk, "F-1", "F-2") == {}
    assert partner.there("rejected") == ["sold-1", "sold-1.reason.txt"]
    told = [wrong, "line 4, column 1: 1 cells, the header has 17"]
    assert sorted(partner.why("sold-1")) == sorted(told)
    assert partner.desk.collector.unread == {"F-2": wrong}
    assert partner.desk.collector.refused == {}  # it says nothing of stock


async def test_files_older_than_an_order_is_remembered_are_not_read_at_a_start(
    tmp_path: Path,
) -> None:
    partner = seller(tmp_path, sales={**SALES, "remembers": "P30D"})
    partner.send("sold-1", table(row("F-1")))
    await look(partner.desk)
    partner.clock.forward(days=31)
    partner.send("sold-2", table(row("F-2", at="2026-12-20T10:00Z")))
    await look(partner.desk)

    again = partner.another()
    await look(again)

    for desk in (partner.desk, again):
        assert list(known(desk, "F-1", "F-2")) == ["F-2"]


async def test_places_go_on_though_the_archive_was_cleaned_up(tmp_path: Path) -> None:
    partner = seller(tmp_path)
    partner.send("sold-1", table(row("F-1")))
    await look(partner.desk)
    _, at, _ = partner.desk.collector.sold.page(FIRST, 10)
    for one in (tmp_path / "archive").iterdir():
        one.unlink()
    partner.clock.forward(seconds=1)
    partner.send("sold-2", table(row("F-2")))

    again = partner.another()
    await look(again)

    assert [one.sale.number for one in again.collector.sold.page(at, 10)[0]] == ["F-2"]


async def test_another_process_hears_of_what_the_first_one_took(tmp_path: Path) -> None:
    partner = seller(tmp_path)
    other = partner.another()
    await look(other)
    _, at, _ = other.collector.sold.page(FIRST, 10)
    partner.send("sold-1", table(row("F-1")))
    await look(partner.desk)

    await look(other)

    assert [one.sale.number for one in other.collector.sold.page(at, 10)[0]] == ["F-1"]


async def two_looks(desk: Desk) -> None:
    for _ in range(2):
        with suppress(SilentError):
            await look(desk)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_process_that_ends_at_any_step_loses_no_order_and_doubles_none(
    tmp_path: Path, when: str
) -> None:
    def sent(root: Path, drop: Folder | None = None) -> Partner:
        partner = seller(root, drop)
        partner.send("sold-1", table(row("F-1"), row("F-2")))
        partner.send("sold-2", table(gone("F-1")))
        return partner

    (tmp_path / "all").mkdir()
    whole = Dying(tmp_path / "all", 1_000, after=False)
    await two_looks(sent(tmp_path / "all", whole).desk)
    steps = next(whole.steps) - 1
    assert steps >= 6

    for step in range(1, steps + 1):
        root = tmp_path / f"{step}"
        root.mkdir()
        first = sent(root, Dying(root, step, after=when == "after"))
        await two_looks(first.desk)
        heard: list[str] = []
        _, at, _ = first.desk.collector.sold.page(FIRST, 10)
        heard += [one.sale.number for one in first.desk.collector.sold.page(FIRST, 10)[0]]
        desk = first.another()
        await look(desk)
        heard += [one.sale.number for one in desk.collector.sold.page(at, 10)[0]]

        assert known(desk, "F-1", "F-2") == {
            "F-1": ("CANCELLED", {}),
            "F-2": ("OPEN", {"MUG": 2}),
        }, step
        assert set(heard) == {"F-1", "F-2"}, step
        assert (first.there("in"), first.there("rejected")) == ([], []), step
        assert [name.split("~")[-1] for name in first.there("archive")] == ["sold-1", "sold-2"]


async def test_what_is_not_kept_yet_is_not_told(tmp_path: Path) -> None:
    class Stuck(Folder):
        async def move(self, source: At, target: At) -> None:
            raise SilentError(f"{source.name} stays, and is not {target.name}")

    partner = seller(tmp_path, Stuck(str(tmp_path)))
    partner.send("sold-1", table(row("F-1")))

    with pytest.raises(SilentError):
        await look(partner.desk)

    assert known(partner.desk, "F-1") == {}
    assert partner.there("in") == ["sold-1"]


@pytest.mark.parametrize("form", ["edifact", "gs1"])
async def test_a_form_that_dates_itself_is_kept_by_that_date(tmp_path: Path, form: str) -> None:
    interchange = (
        "UNB+UNOC:3+P+US+261120:1000+7'UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220+F-1+9'"
        "DTM+137:202611201000:203'CUX+2:EUR:9'LIN+1'PIA+5+MUG:SA'QTY+21:2'UNT+8+1'UNZ+1+7'"
    )
    message = (
        "<orderMessage><order><creationDateTime>2026-11-20T10:00:00Z</creationDateTime>"
        "<orderIdentification><entityIdentification>F-1</entityIdentification>"
        "</orderIdentification><orderLineItem><lineItemNumber>1</lineItemNumber>"
        "<requestedQuantity>2</requestedQuantity><transactionalTradeItem>"
        "<additionalTradeItemIdentification "
        'additionalTradeItemIdentificationTypeCode="SUPPLIER_ASSIGNED">MUG'
        "</additionalTradeItemIdentification></transactionalTradeItem></orderLineItem></order>"
        "</orderMessage>"
    )
    told: dict[str, Any] = {"format": form, "files": ["sold-*"], "currency": "EUR"}
    partner = seller(tmp_path, sales=told)
    partner.send("sold-1", {"edifact": interchange, "gs1": message}[form])

    await look(partner.desk)

    sequence = {"edifact": 7, "gs1": 0}[form]
    assert arrivals(partner) == [f"20261120T100000000000Z~{sequence}~S~sold-1"]
    assert known(partner.desk, "F-1") == {"F-1": ("OPEN", {"1": 2})}
    assert partner.there("archive")[0].startswith(f"{int(NOON.timestamp() * 1_000):013d}~")
