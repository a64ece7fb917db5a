"""Files come in whole, once, and are put away; what is wrong with one stands beside it."""

import gzip
import io
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.filedrop.drop import At, ShutOutError, SilentError
from connectors.filedrop.folder import Folder
from tests.connectors.filedrop.files import ANSWERS, NOON, STOCK, Partner, known, line, table

KEPT = "20261120T100000000000Z~0~{}~{}"


async def test_a_file_is_taken_and_kept_under_its_version(tmp_path: Path) -> None:
    partner = Partner(tmp_path)
    partner.send("full-1.csv", table(line("A", 4), line("B", 0, place="P2")))

    await partner.desk.collector.look()

    assert known(partner.desk, "A", "B", "C") == {"A@P1": 4, "B@P2": 0}
    assert partner.desk.collector.news.as_of == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert (partner.there("in"), partner.there("archive")) == ([], [KEPT.format("F", "full-1.csv")])


async def test_an_older_file_that_comes_later_overwrites_nothing(tmp_path: Path) -> None:
    partner = Partner(tmp_path)
    partner.send("delta-2", table(line("A", 4), line("B", 2)))
    await partner.desk.collector.look()
    partner.send(
        "delta-1", table(line("A", 9, "2026-11-20T09:00Z"), line("C", 1, "2026-11-20T09:00Z"))
    )
    await partner.desk.collector.look()

    assert known(partner.desk, "A", "B", "C") == {"A@P1": 4, "B@P1": 2, "C@P1": 1}


async def test_what_a_newer_full_file_does_not_name_is_not_known(tmp_path: Path) -> None:
    partner = Partner(tmp_path)
    partner.send("full-1", table(line("A", 4), line("B", 2)))
    await partner.desk.collector.look()
    partner.send("full-2", table(line("A", 3, "2026-11-20T11:00Z")))
    await partner.desk.collector.look()

    assert known(partner.desk, "A", "B") == {"A@P1": 3}


async def test_a_full_file_that_lost_too_many_skus_is_refused_and_told(tmp_path: Path) -> None:
    partner = Partner(tmp_path)
    partner.send("full-1", table(*(line(sku, 1) for sku in "ABCDE")))
    await partner.desk.collector.look()
    partner.send(
        "full-2", table(line("A", 9, "2026-11-20T11:00Z"), line("B", 9, "2026-11-20T11:00Z"))
    )

    await partner.desk.collector.look()

    wrong = "line 1, column 1: lacks 60% of the SKUs that were known; at most 50% may go"
    assert known(partner.desk, "A", "E") == {"A@P1": 1, "E@P1": 1}
    assert partner.why("full-2") == [wrong]
    assert partner.desk.collector.refused == {"full-2": wrong}
    assert partner.there("rejected") == ["full-2", "full-2.reason.txt"]
    partner.send("full-3", table(*(line(sku, 2, "2026-11-20T11:30Z") for sku in "ABC")))
    await partner.desk.collector.look()
    assert known(partner.desk, "A", "E") == {"A@P1": 2}
    assert partner.desk.collector.refused == {}


async def test_a_bad_line_refuses_its_file_with_every_mistake(tmp_path: Path) -> None:
    partner = Partner(tmp_path)
    partner.send("delta-1", table(line("A", 4), line("B", "x"), line("", 1)))

    await partner.desk.collector.look()

    assert known(partner.desk, "A") == {}
    assert partner.why("delta-1") == [
        "line 3, column 3: on_hand is not a whole number",
        "line 4, column 1: sku is empty",
    ]


async def test_or_is_left_out_and_told_where_that_is_agreed(tmp_path: Path) -> None:
    partner = Partner(tmp_path, stock={**STOCK, "bad_lines": "skip"})
    partner.send("delta-1", table(line("A", 4), line("B", "x")))

    await partner.desk.collector.look()

    assert known(partner.desk, "A", "B") == {"A@P1": 4}
    assert [one.about for one in partner.desk.collector.mistakes] == ["B"]
    assert partner.there("rejected") == []


async def test_a_file_of_nothing_but_bad_lines_is_refused_all_the_same(tmp_path: Path) -> None:
    partner = Partner(tmp_path, stock={**STOCK, "bad_lines": "skip"})
    partner.send("delta-1", table(line("B", "x")))

    await partner.desk.collector.look()

    assert partner.why("delta-1") == ["line 2, column 3: on_hand is not a whole number"]


async def test_a_refused_file_of_the_same_name_replaces_no_other(tmp_path: Path) -> None:
    partner = Partner(tmp_path)
    for _ in range(2):
        partner.send("delta-1", b"")
        await partner.desk.collector.look()

    assert partner.there("rejected") == [
        "delta-1",
        "delta-1.reason.txt",
        "delta-1~2",
        "delta-1~2.reason.txt",
    ]
    assert partner.why("delta-1~2") == ["line 1, column 1: the file is empty"]


async def test_the_same_file_again_is_put_away_and_another_like_it_refused(tmp_path: Path) -> None:
    partner = Partner(tmp_path)
    for units in (4, 4, 5):
        partner.send("delta-1", table(line("A", units)))
        await partner.desk.collector.look()

    assert known(partner.desk, "A") == {"A@P1": 4}
    assert partner.there("archive") == [KEPT.format("D", "delta-1")]
    assert partner.why("delta-1") == [
        "line 1, column 1: another file of this name, date and sequence was taken before"
    ]


async def test_another_process_and_a_start_know_what_was_taken(tmp_path: Path) -> None:
    partner = Partner(tmp_path, stock={**STOCK, "loses_at_most": 1})
    first, second = partner.desk, partner.another()
    for name, rows in {
        "delta-0": [line("Z", 1, "2026-11-20T08:00Z")],
        "full-1": [line("A", 4, "2026-11-20T09:00Z"), line("B", 4, "2026-11-20T09:00Z")],
        "delta-2": [line("B", 5)],
    }.items():
        partner.send(name, table(*rows))
        await first.collector.look()
    await second.collector.look()
    partner.send("delta-3", table(line("A", 7, "2026-11-20T11:00Z")))
    await second.collector.look()
    await first.collector.look()

    wanted = {"A@P1": 7, "B@P1": 5}
    started = partner.another()
    await started.collector.look()
    for desk in (first, second, started):
        assert known(desk, "A", "B", "Z") == wanted
    (partner.root / "archive" / "20261120T080000000000Z~0~D~delta-0").unlink()
    started = partner.another()
    await started.collector.look()
    assert known(started, "A", "B", "Z") == wanted


class Stumbling(Folder):
    """A folder whose process ends when it moves a file, before or after that is done."""

    def __init__(self, root: Path, *, after: bool) -> None:
        super().__init__(str(root))
        self.after = after

    async def move(self, source: At, target: At) -> None:
        if self.after:
            await super().move(source, target)
        raise SilentError("gone")


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_crash_between_reading_and_moving_loses_nothing(tmp_path: Path, when: str) -> None:
    partner = Partner(tmp_path, Stumbling(tmp_path, after=when == "after"))
    partner.send("delta-1", table(line("A", 4)))
    partner.send("delta-x", b"")

    with pytest.raises(SilentError):
        await partner.desk.collector.look()
    started = partner.another()
    await started.collector.look()

    assert known(started, "A") == {"A@P1": 4}
    assert partner.there("in") == []
    assert partner.there("archive") == [KEPT.format("D", "delta-1")]
    assert partner.there("rejected") == ["delta-x", "delta-x.reason.txt"]


async def test_a_crash_in_the_middle_of_a_move_leaves_one_file(tmp_path: Path) -> None:
    partner = Partner(tmp_path)
    sent = partner.send("delta-1", table(line("A", 4)))
    (tmp_path / "archive").mkdir()
    os.link(sent, tmp_path / "archive" / KEPT.format("D", "delta-1"))

    await partner.desk.collector.look()

    assert known(partner.desk, "A") == {"A@P1": 4}
    assert (partner.there("in"), partner.there("archive")) == ([], [KEPT.format("D", "delta-1")])


async def test_a_file_that_is_still_being_written_waits_for_its_name(tmp_path: Path) -> None:
    partner = Partner(tmp_path)
    part = partner.send("delta-1.PART", table(line("A", 4)))
    await partner.desk.collector.look()
    assert known(partner.desk, "A") == {}

    part.rename(tmp_path / "in" / "delta-1")
    await partner.desk.collector.look()

    assert known(partner.desk, "A") == {"A@P1": 4}


@pytest.mark.parametrize("marker", ["delta-1.csv.trg", "delta-1.trg"])
async def test_or_for_its_marker_which_goes_with_it(tmp_path: Path, marker: str) -> None:
    partner = Partner(tmp_path, pickup={"by": "marker", "marker": ".trg"})
    partner.send("delta-1.csv", table(line("A", 4)))
    await partner.desk.collector.look()
    assert known(partner.desk, "A") == {}

    partner.send(marker, b"")
    await partner.desk.collector.look()

    assert known(partner.desk, "A") == {"A@P1": 4}
    assert partner.there("in") == []


async def test_a_marker_whose_file_is_gone_marks_no_later_one(tmp_path: Path) -> None:
    partner = Partner(tmp_path, pickup={"by": "marker"})
    partner.send("delta-1.csv.done", b"")

    await partner.desk.collector.look()

    assert partner.there("in") == []


async def test_or_until_it_has_not_changed_for_a_while(tmp_path: Path) -> None:
    partner = Partner(tmp_path, pickup={"by": "stable", "settled": "PT30S"})
    look = partner.desk.collector.look
    sent = partner.send("delta-1", table(line("A", 4)))
    await look()
    partner.clock.forward(seconds=29)
    with sent.open("a") as more:
        more.write(line("B", 1) + "\n")
    await look()
    partner.clock.forward(seconds=29)
    await look()
    assert known(partner.desk, "A") == {}

    partner.clock.forward(seconds=1)
    await look()

    assert known(partner.desk, "A", "B") == {"A@P1": 4, "B@P1": 1}


async def test_files_of_no_kind_and_links_are_left_alone(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(table(line("A", 4)))
    partner = Partner(tmp_path)
    partner.send("readme.txt", "hello")
    (tmp_path / "in" / "delta-1").symlink_to(secret)
    (tmp_path / "in" / "delta-2").mkdir()
    partner.send("delta-3\nx", table(line("A", 4)))
    partner.send(".delta-4", table(line("A", 4)))

    await partner.desk.collector.look()

    assert known(partner.desk, "A") == {}
    assert partner.there("in") == [".delta-4", "delta-1", "delta-2", "delta-3\nx", "readme.txt"]
    assert partner.there("archive") == []


def zipped(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"../../{name}", data)
    return made.getvalue()


PACKED = table(line("A", 4)).encode()


@pytest.mark.parametrize("data", [gzip.compress(PACKED), zipped(one=PACKED)], ids=["gzip", "zip"])
async def test_a_compressed_file_is_unpacked_in_memory(tmp_path: Path, data: bytes) -> None:
    partner = Partner(tmp_path)
    partner.send("delta-1", data)

    await partner.desk.collector.look()

    assert known(partner.desk, "A") == {"A@P1": 4}
    assert partner.tops() == ["archive", "in"]


BOMB = b"sku" + b"0" * 5_000_000


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (gzip.compress(BOMB), "unpacks to more than 20000 bytes"),
        (zipped(one=BOMB), "unpacks to more than 20000 bytes"),
        (zipped(one=b"a", two=b"b"), "holds 2 files; one is taken"),
        (zipped(), "holds 0 files; one is taken"),
        (gzip.compress(PACKED)[:-9], "is a gzip file that is cut, or more than one"),
        (zipped(one=PACKED)[:-9], "is a damaged or encrypted ZIP file"),
        (b"\x1f\x8bgarbage", "is a damaged gzip file"),
        (b"x" * 20_001, "the file is too large"),
    ],
    ids=["a bomb", "a ZIP bomb", "two", "none", "cut", "a cut ZIP", "damaged", "large"],
)
async def test_a_file_that_is_too_much_is_refused(tmp_path: Path, data: bytes, wrong: str) -> None:
    partner = Partner(tmp_path, limits={"bytes": 20_000})
    if data == zipped():
        data = b"PK\x03\x04" + data
    partner.send("delta-1", data)

    await partner.desk.collector.look()

    assert partner.why("delta-1") == [f"line 1, column 1: {wrong}"]


async def test_a_date_in_the_future_would_outdate_all_that_follows(tmp_path: Path) -> None:
    partner = Partner(tmp_path)
    partner.send("full-1", table(line("A", 4, "2026-11-20T13:00:01Z")))
    partner.send("full-2", table(line("A", 5, "2026-11-20T13:00:00Z")))
    partner.send("full-3", table(line("A", 6, "0026-11-20T13:00:00Z")))

    await partner.desk.collector.look()

    assert partner.why("full-3") == ["line 1, column 1: its date lies before the year 2000"]
    assert partner.why("full-1") == ["line 1, column 1: its date lies in the future"]
    assert known(partner.desk, "A") == {"A@P1": 5}


NAMED = {
    "full": ["*.csv"],
    "columns": {"sku": "sku", "on_hand": "units"},
    "place": "P1",
    "dates": {
        "by": "name",
        "pattern": r"stock-(?P<date>\d{8})-(?P<sequence>\d+)\.csv",
        "format": "%Y%m%d",
        "zone": "America/New_York",
    },
}


async def test_the_name_may_say_date_and_sequence_in_the_partners_zone(tmp_path: Path) -> None:
    partner = Partner(tmp_path, stock=NAMED)
    for sequence, units in {"10": 10, "9": 9}.items():
        partner.send(f"stock-20261120-{sequence}.csv", f"sku,units\nA,{units}\n")
    partner.send("stock-20261199-1.csv", "sku,units\nA,1\n")
    partner.send(f"stock-20261120-{'9' * 19}.csv", "sku,units\nA,1\n")
    partner.send("stock.csv", "sku,units\nA,1\n")

    await partner.desk.collector.look()

    assert known(partner.desk, "A") == {"A@P1": 10}
    assert partner.desk.collector.news.as_of == datetime(2026, 11, 20, 5, tzinfo=UTC)
    assert partner.why("stock-20261199-1.csv") == [
        "line 1, column 1: the date in its name is not a time"
    ]
    assert partner.why(f"stock-20261120-{'9' * 19}.csv") == [
        "line 1, column 1: the sequence in its name is not a number"
    ]
    assert partner.why("stock.csv") == ["line 1, column 1: has no date (dates are by name)"]


async def test_the_clock_of_the_server_counts_where_that_is_agreed(tmp_path: Path) -> None:
    partner = Partner(tmp_path, stock={**NAMED, "dates": {"by": "modified"}})
    sent = partner.send("a.csv", "sku,units\nA,1\n")
    os.utime(sent, (NOON.timestamp() - 60, NOON.timestamp() - 60))

    await partner.desk.collector.look()

    assert partner.desk.collector.news.as_of == datetime(2026, 11, 20, 11, 59, tzinfo=UTC)


async def test_a_root_that_is_not_there_is_silence_and_not_an_empty_list(tmp_path: Path) -> None:
    partner, parent = Partner(tmp_path / "unmounted"), Partner(tmp_path)

    with pytest.raises(SilentError, match="the folder is not there"):
        await partner.desk.collector.look()

    assert isinstance(partner.desk.collector.failure, SilentError)
    assert parent.tops() == []
    (tmp_path / "unmounted").mkdir()
    await partner.desk.collector.look()
    assert partner.desk.collector.failure is None


async def test_a_folder_that_may_not_be_used_says_so(tmp_path: Path) -> None:
    def denied() -> None:
        raise PermissionError(13, "denied", "/a/secret/path")

    with pytest.raises(ShutOutError) as raised:
        await Folder(str(tmp_path))._done(denied)

    assert str(raised.value) == "the folder may not be used: see to its rights"


async def test_an_archive_that_cannot_be_read_any_more_is_told(tmp_path: Path) -> None:
    partner = Partner(tmp_path)
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / KEPT.format("F", "full-1")).write_bytes(b"rubbish")

    await partner.desk.collector.look()

    assert partner.desk.collector.refused == {"full-1": "cannot be read from the archive any more"}


async def test_answers_to_documents_that_are_not_ours_change_nothing(tmp_path: Path) -> None:
    partner = Partner(tmp_path, orders=ANSWERS)
    rows = ("T-1,yes,7,2026-11-20T10:00Z", "../T-2,yes,7,2026-11-20T10:00Z")
    partner.send("answer-1", table(*rows, header="number,state,ours,at"))

    await partner.desk.collector.look()

    assert partner.there("records") == []
    assert partner.there("archive") == [KEPT.format("A", "answer-1")]


async def test_a_file_that_grew_while_it_was_read_is_left_for_the_next_look(tmp_path: Path) -> None:
    class Growing(Folder):
        async def read(self, at: At, most: int) -> bytes:
            data = await super().read(at, most)
            return data + b"more" if at.folder == "in" else data

    partner = Partner(tmp_path, Growing(str(tmp_path)), pickup={"by": "marker"})
    partner.send("delta-1", table(line("A", 4)))
    partner.send("delta-1.done", b"")

    await partner.desk.collector.look()

    assert partner.there("in") == ["delta-1", "delta-1.done"]
    assert known(partner.desk, "A") == {}
