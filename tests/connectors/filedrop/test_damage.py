"""Whatever is wrong with a file, the others come in."""

import asyncio
import gzip
import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.filedrop.desk import Desk
from connectors.filedrop.drop import At, SilentError
from connectors.filedrop.folder import Folder, modified
from connectors.filedrop.memory import AT, MemoryDrop
from connectors.filedrop.reading import listing, word
from connectors.filedrop.selling import Acceptance, Offered, Publication
from connectors.filedrop.selling_settings import Listings
from connectors.filedrop.selling_specimen import ORDERS
from connectors.filedrop.selling_specimen import settings as selling_settings
from connectors.filedrop.settings import Settings
from tests.connectors.filedrop.files import ANSWERS, Clock, Partner, known, line, table
from tests.connectors.filedrop.selling import sales_settings

FORMS = ("csv", "edifact", "gs1")
EARLIER = AT - timedelta(minutes=1)


def zipped(data: bytes, method: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        archive.writestr("one", data)
    return made.getvalue()


METHODS = {
    "stored": zipfile.ZIP_STORED,
    "deflate": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}
PACKINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "none": bytes,
    "gzip": gzip.compress,
    **{name: partial(zipped, method=method) for name, method in METHODS.items()},
}
LEVELS = table(*(line(f"SKU-{count}", count) for count in range(500))).encode()


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


DAMAGED_ZIP = "line 1, column 1: is a damaged or encrypted ZIP file"
BEFORE_TIME = table(line("B", 9, "0001-01-01T00:00:00"))
AFTER_TIME = table(line("B", 9, "9999-12-31T23:59:59-05:00"))
NO_TIME = "line 2, column 4: as_of lies outside of the calendar"


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (BEFORE_TIME.encode(), NO_TIME),
        (AFTER_TIME.encode(), NO_TIME),
        (zipped(LEVELS, METHODS["deflate"])[:900] + zipped(LEVELS, METHODS["deflate"])[907:], None),
        (flipped(zipped(LEVELS, METHODS["bzip2"]), 400), None),
        (flipped(zipped(LEVELS, METHODS["lzma"]), 400), None),
    ],
    ids=["before time", "after time", "ZIP that lost bytes", "bzip2", "lzma"],
)
async def test_a_damaged_file_is_put_aside_and_the_next_one_taken(
    tmp_path: Path, data: bytes, wrong: str | None
) -> None:
    drop = MemoryDrop()
    columns = {"sku": "sku", "on_hand": "units", "place": "place", "as_of": "counted"}
    stock = {"delta": ["delta-*"], "columns": columns, "dates": {"zone": "Europe/Rome"}}
    partner = Partner(tmp_path, drop, stock=stock)
    drop.kept[At("in", "delta-1")] = (data, EARLIER)
    drop.kept[At("in", "delta-2")] = (table(line("A", 4)).encode(), AT)

    await partner.desk.collector.look()

    told, _ = drop.kept[At("rejected", "delta-1.reason.txt")]
    assert told.decode().splitlines()[2:] == [wrong or DAMAGED_ZIP]
    assert known(partner.desk, "A", "B") == {"A@P1": 4}
    assert await drop.files("in") == []


class Faulty(Folder):
    """A folder in which reading one file ends as nobody expects."""

    def __init__(self, root: Path, where: At) -> None:
        super().__init__(str(root))
        self.where = where

    async def read(self, at: At, most: int) -> bytes:
        if at == self.where:
            raise RuntimeError("a secret that the file holds")
        return await super().read(at, most)

    async def files(self, folder: str) -> Any:
        if folder == self.where.folder and not self.where.name:
            raise RuntimeError("a secret that the folder holds")
        return await super().files(folder)


async def test_an_error_nobody_expected_puts_its_file_aside_by_kind_alone(tmp_path: Path) -> None:
    partner = Partner(tmp_path, Faulty(tmp_path, At("in", "delta-1")))
    partner.send("delta-1", table(line("B", 9)))
    partner.send("delta-2", table(line("A", 4)))

    await partner.desk.collector.look()

    assert partner.why("delta-1") == ["line 1, column 1: cannot be taken (RuntimeError)"]
    assert known(partner.desk, "A", "B") == {"A@P1": 4}


async def test_or_leaves_it_in_the_archive_and_the_others_are_remembered(tmp_path: Path) -> None:
    before = Partner(tmp_path)
    for name, sku in (("delta-1", "A"), ("delta-2", "B")):
        before.send(name, table(line(sku, 4)))
    await before.desk.collector.look()
    kept = next(name for name in before.there("archive") if name.endswith("delta-2"))

    started = before.another(Faulty(tmp_path, At("archive", kept)))
    await started.collector.look()

    assert started.collector.refused == {"delta-2": "cannot be read from the archive any more"}
    assert known(started, "A", "B") == {"A@P1": 4}


async def test_a_look_that_ended_as_nobody_expected_did_not_end_well(tmp_path: Path) -> None:
    drop = Faulty(tmp_path, At("nowhere", ""))
    partner = Partner(tmp_path, drop)
    partner.send("delta-1", table(line("A", 4)))
    await partner.desk.collector.look()
    drop.where = At("archive", "")

    with pytest.raises(RuntimeError):
        await partner.desk.collector.look()

    with pytest.raises(SilentError, match=r"^could not be looked at \(RuntimeError\)$"):
        await partner.desk.collector.up_to_date()


@pytest.mark.parametrize(
    ("seconds", "when"),
    [
        (0.5, datetime(1970, 1, 1, microsecond=500_000, tzinfo=UTC)),
        (-1e15, datetime(1970, 1, 1, tzinfo=UTC)),
        (1e15, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_file_may_say_that_it_was_written_in_any_year(seconds: float, when: datetime) -> None:
    assert modified(seconds) == when


def stock(form: str, sku: str, units: int) -> bytes:
    offers = (Offered(sku=sku, quantity=units, as_of=AT),)
    told = Publication(number=1, full=False, at=AT, offers=offers)
    return listing(told, Listings.model_validate({"format": form}))


def answers(form: str) -> bytes:
    if form == "csv":
        return table("T-1,yes,7,2026-11-20T10:00", header="number,state,ours,at").encode()
    return word(Acceptance(number="A-1", of="T-1", told_at=AT), sales_settings(form))


def files(form: str) -> Mapping[str, bytes]:
    """A file of each kind that comes in, by a name of its kind."""
    return {
        "delta-1": stock(form, "MUG", 4),
        "answer-1": answers(form),
        "orders-1": ORDERS[form]().encode(),
    }


def settings(form: str) -> Settings:
    dates = {"zone": "Europe/Rome"}
    columns = {"sku": "sku", "on_hand": "quantity", "place": "place", "as_of": "as_of"}
    levels = {"format": form, "delta": ["delta-*"], "dates": dates, "numbered_by": "supplier"}
    orders = {"format": form, "answers": ["answer-*"], "dates": dates}
    if form == "csv":
        levels, orders = levels | {"columns": columns}, {**ANSWERS, **orders}
    return Settings.model_validate({**selling_settings(form), "stock": levels, "orders": orders})


STRANGE = (
    b"0001-01-01T00:00:00", b"9999-12-31T23:59:59-12:00", b"00010101", b"99991231", b"000101010000",
    b"0001-01-01 00:00", b"-0", b"9" * 30, b"1e999999", b"NaN", b"\xff\xfe", b"\0", b"'", b";",
    b'"', b"&#0;",
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """The bytes, with some gone and others in their place, up to three times."""
    for _ in range(draw(st.integers(1, 3))):
        at, gone = draw(st.integers(0, len(whole))), draw(st.integers(0, 9))
        said = draw(st.sampled_from(STRANGE) | st.binary(max_size=3))
        whole = whole[:at] + said + whole[at + gone :]
    return whole


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data())
def test_no_damage_of_a_file_ends_a_look_or_keeps_another_one_out(
    form: str, data: st.DataObject
) -> None:
    name, plain = data.draw(st.sampled_from(sorted(files(form).items())))
    pack = PACKINGS[data.draw(st.sampled_from(sorted(PACKINGS)))]
    sent = data.draw(damaged(pack(plain)) | damaged(plain).map(pack))
    drop = MemoryDrop()
    drop.kept |= {
        At("in", name): (sent, EARLIER),
        At("in", "delta-good"): (stock(form, "GOOD", 7), AT),
        At("records", "T-1.sent.json"): (b'{"ready":"none"}', AT),
    }
    desk = Desk(settings(form), drop, Clock())

    asyncio.run(desk.collector.look())

    assert known(desk, "GOOD", places=("TESSERA",)) == {"GOOD@TESSERA": 7}
    assert asyncio.run(drop.files("in")) == []
