"""An order goes out exactly once, whatever is lost, repeated or ended in between."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from connectors.filedrop.desk import Desk
from connectors.filedrop.documents import Answer
from connectors.filedrop.drop import At, ShutOutError, SilentError
from connectors.filedrop.folder import Folder
from connectors.filedrop.records import RefusedError
from connectors.filedrop.sending import Sender, Told
from connectors.filedrop.verdicts import Verdict, after
from tests.connectors.filedrop.files import ANSWERS, Dying, Partner, table
from tests.connectors.filedrop.orders import an_order_document

ORDER = an_order_document()


def partner_of(root: Path, drop: Folder | None = None, **changes: Any) -> Partner:
    return Partner(root, drop, orders={**ANSWERS, **changes})


def sender_of(desk: Desk) -> Sender:
    assert desk.sender is not None
    return desk.sender


def answer(partner: Partner, *rows: str, name: str = "answer-1") -> None:
    partner.send(
        name, table(*(f"{row},2026-11-20T10:00Z" for row in rows), header="number,state,ours,at")
    )


async def test_an_order_is_a_file_until_a_file_answers(tmp_path: Path) -> None:
    partner = partner_of(tmp_path)
    sender = sender_of(partner.desk)

    assert await sender.hand_over(ORDER) == Told("T-1", None, "T-1")
    assert partner.there("out") == ["order-T-1.csv"]
    assert await sender.placed(["T-1"]) == []

    answer(partner, "T-1,yes,B7")
    await partner.desk.collector.look()

    accepted = Told("T-1", "ACCEPTED", "B7")
    assert await sender.placed(["T-1", "T-1", "T-2", "../T-1"]) == [accepted]
    assert await sender_of(partner.another()).hand_over(ORDER) == accepted
    assert partner.there("out") == ["order-T-1.csv"]


async def test_a_file_that_the_partner_took_does_not_go_out_again(tmp_path: Path) -> None:
    partner = partner_of(tmp_path)
    await sender_of(partner.desk).hand_over(ORDER)
    (tmp_path / "out" / "order-T-1.csv").unlink()

    assert await sender_of(partner.another()).hand_over(ORDER) == Told("T-1", None, "T-1")

    assert partner.there("out") == []


async def test_a_file_in_the_outbox_may_be_all_that_was_agreed(tmp_path: Path) -> None:
    partner = partner_of(tmp_path, accepted_by="delivery", answers=[])
    sender = sender_of(partner.desk)

    assert await sender.hand_over(ORDER) == Told("T-1", "ACCEPTED", "T-1")
    assert await sender.cancel("T-1") == Told("T-1", "CANCELLED", "T-1")
    assert await sender.hand_over(ORDER) == Told("T-1", "CANCELLED", "T-1")
    assert await sender.cancel("T-2") is None
    assert partner.there("out") == ["order-T-1.C.csv", "order-T-1.csv"]


async def test_a_refused_order_did_not_happen(tmp_path: Path) -> None:
    partner = partner_of(tmp_path)
    sender = sender_of(partner.desk)
    await sender.hand_over(ORDER)
    answer(partner, "T-1,no,")
    await partner.desk.collector.look()

    with pytest.raises(RefusedError, match="the partner refused the order"):
        await sender.hand_over(ORDER)
    assert await sender.placed(["T-1"]) == []
    assert await sender.cancel("T-1") is None


async def test_a_cancellation_waits_for_its_own_answer(tmp_path: Path) -> None:
    partner = partner_of(tmp_path)
    sender = sender_of(partner.desk)
    await sender.hand_over(ORDER)
    answer(partner, "T-1,yes,B7")
    await partner.desk.collector.look()

    assert await sender.cancel("T-1") == Told("T-1", None, "B7")
    assert partner.there("out") == ["order-T-1.C.csv", "order-T-1.csv"]
    answer(partner, "T-1.C,yes,", name="answer-2")
    await partner.desk.collector.look()

    assert await sender.cancel("T-1") == Told("T-1", "CANCELLED", "B7")
    assert await sender.placed(["T-1"]) == [Told("T-1", "CANCELLED", "B7")]


@pytest.mark.parametrize("rows", [("T-1.C,no,",), ("T-1,sent,",)])
async def test_what_the_partner_does_not_stop_is_not_cancelled(
    tmp_path: Path, rows: tuple[str, ...]
) -> None:
    partner = partner_of(tmp_path)
    sender = sender_of(partner.desk)
    await sender.hand_over(ORDER)
    await sender.cancel("T-1")
    answer(partner, "T-1,yes,B7", *rows)
    await partner.desk.collector.look()

    with pytest.raises(RefusedError, match="does not cancel the order any more"):
        await sender.cancel("T-1")

    assert [one.fate for one in await sender.placed(["T-1"])] != ["CANCELLED"]


async def test_an_answer_that_comes_in_time_is_waited_for(tmp_path: Path) -> None:
    class Answered(Folder):
        partner: Partner

        async def put(self, source: At, target: At) -> None:
            await super().put(source, target)
            answer(self.partner, "T-1,yes,B7")

    drop = Answered(str(tmp_path))
    partner = partner_of(tmp_path, drop, answer_within="PT30S")

    drop.partner = partner

    assert await sender_of(partner.desk).hand_over(ORDER) == Told("T-1", "ACCEPTED", "B7")


async def test_who_waits_for_an_answer_keeps_no_other_order_waiting(tmp_path: Path) -> None:
    partner = partner_of(tmp_path, answer_within="PT60S")
    sender = sender_of(partner.desk)
    waiting = asyncio.ensure_future(sender.hand_over(ORDER))
    while partner.there("out") != ["order-T-1.csv"]:  # noqa: ASYNC110  a thread writes it
        await asyncio.sleep(0)

    other = asyncio.ensure_future(sender.hand_over(an_order_document("T-2")))
    while partner.there("out") != ["order-T-1.csv", "order-T-2.csv"]:  # noqa: ASYNC110  as above
        await asyncio.sleep(0)
    answer(partner, "T-2,yes,B8")

    assert await other == Told("T-2", "ACCEPTED", "B8")
    assert not waiting.done()
    waiting.cancel()


async def steps_of(root: Path) -> int:
    drop = Dying(root, 1_000, after=False)
    await sender_of(partner_of(root, drop).desk).hand_over(ORDER)
    return next(drop.steps) - 1


@pytest.mark.parametrize("file_is", ["left", "taken"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_process_that_ends_at_any_step_leaves_one_file(
    tmp_path: Path, when: str, file_is: str
) -> None:
    steps = await steps_of(tmp_path)
    assert steps >= 6

    for step in range(1, steps + 1):
        root = tmp_path / f"{step}"
        root.mkdir()
        partner = partner_of(root, Dying(root, step, after=when == "after"))
        received: list[str] = []
        for desk in (partner.desk, partner.another(), partner.another()):
            with suppress(SilentError):
                await sender_of(desk).hand_over(ORDER)
            if file_is == "taken":
                received += partner.there("out")
                for name in partner.there("out"):
                    (root / "out" / name).unlink()
        assert received + partner.there("out") == ["order-T-1.csv"], step


async def test_two_processes_at_once_leave_one_file(tmp_path: Path) -> None:
    partner = partner_of(tmp_path)
    desks = [partner.desk, *(partner.another() for _ in range(4))]

    told = await asyncio.gather(*(sender_of(desk).hand_over(ORDER) for desk in desks))

    assert told == [Told("T-1", None, "T-1")] * 5
    assert partner.there("out") == ["order-T-1.csv"]
    assert partner.there("records") == ["T-1.sent.json"]


class Late(Folder):
    """Somebody else is quicker with the claim, and the partner with the file."""

    rival: Sender

    async def move(self, source: At, target: At) -> None:
        await self.rival.hand_over(ORDER)
        (self._root / "out" / "order-T-1.csv").unlink()
        await super().move(source, target)


async def test_who_loses_the_claim_does_not_send_what_was_sent_and_taken(tmp_path: Path) -> None:
    drop = Late(str(tmp_path))
    partner = partner_of(tmp_path, drop)
    drop.rival = sender_of(partner.another())

    assert await sender_of(partner.desk).hand_over(ORDER) == Told("T-1", None, "T-1")

    assert partner.there("out") == []
    assert partner.there("records") == ["T-1.sent.json"]


async def test_an_order_that_never_went_out_is_withdrawn_and_stays_so(tmp_path: Path) -> None:
    class Stuck(Folder):
        async def put(self, source: At, target: At) -> None:
            raise SilentError(f"{source.name} stays, and is not {target.name}")

    partner = partner_of(tmp_path, Stuck(str(tmp_path)))
    with pytest.raises(SilentError):
        await sender_of(partner.desk).hand_over(ORDER)
    sender = sender_of(partner.another())

    assert await sender.cancel("T-1") == Told("T-1", "CANCELLED", "T-1")
    assert await sender.hand_over(ORDER) == Told("T-1", "CANCELLED", "T-1")
    assert partner.there("out") == []


async def test_being_shut_out_after_the_file_is_out_is_told_as_not_known(tmp_path: Path) -> None:
    class Shut(Folder):
        out = False

        async def put(self, source: At, target: At) -> None:
            await super().put(source, target)
            self.out = True

        async def read(self, at: At, most: int) -> bytes:
            if self.out:
                raise ShutOutError("the server refuses the login")
            return await super().read(at, most)

    partner = partner_of(tmp_path, Shut(str(tmp_path)))

    with pytest.raises(SilentError, match="refuses the login"):
        await sender_of(partner.desk).hand_over(ORDER)


@pytest.mark.parametrize("key", ["", "../T-1", "T 1", "T-1.C", "T" * 101, "T/1"])
async def test_a_key_that_could_name_another_file_is_refused(tmp_path: Path, key: str) -> None:
    sender = sender_of(partner_of(tmp_path).desk)

    with pytest.raises(RefusedError):
        await sender.hand_over(an_order_document(key))
    with pytest.raises(RefusedError):
        await sender.cancel(key)
    assert Partner(tmp_path).tops() == []


async def test_a_document_that_does_not_fit_its_form_did_not_happen(tmp_path: Path) -> None:
    sender = sender_of(partner_of(tmp_path, format="edifact").desk)

    with pytest.raises(RefusedError, match="at most 35 characters"):
        await sender.hand_over(an_order_document("T" * 36))
    assert not (tmp_path / "out").exists()


def said(state: Any, number: str = "T-1", units: int | None = None) -> Answer:
    return Answer(number, state, "B7", units)


@pytest.mark.parametrize(
    ("answers", "fate"),
    [
        ([said("RECEIVED")], None),
        ([said("ACCEPTED")], "ACCEPTED"),
        ([said("ACCEPTED"), said("REFUSED")], "CANCELLED"),
        ([said("REFUSED"), said("ACCEPTED")], "REFUSED"),
        ([said("ACCEPTED"), said("COMPLETED")], "COMPLETED"),
        ([said("COMPLETED", units=3)], "COMPLETED"),
        ([said("COMPLETED", units=2)], "ACCEPTED"),
        ([said("COMPLETED"), said("ACCEPTED"), said("CANCELLED")], "COMPLETED"),
        ([said("CANCELLED"), said("COMPLETED")], "CANCELLED"),
        ([said("ACCEPTED"), said("ACCEPTED", "T-1.C")], "CANCELLED"),
        ([said("ACCEPTED"), said("RECEIVED", "T-1.C")], "ACCEPTED"),
    ],
)
def test_what_an_order_comes_to(answers: list[Answer], fate: str | None) -> None:
    verdict = Verdict()
    for one in [*answers, answers[-1]]:
        verdict = after(verdict, one, units=3)

    assert verdict.fate == fate
