"""How does an order go out, exactly once, and what has become of it?"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import structlog

from connectors.filedrop.documents import Answers, Cancellation, OrderDocument
from connectors.filedrop.drop import At, Drop, DropError, MissingError, SilentError
from connectors.filedrop.reading import ENDINGS, written
from connectors.filedrop.records import Records, RefusedError
from connectors.filedrop.settings import Orders, Settings
from connectors.filedrop.verdicts import CANCELLING, Fate, Verdict, after

log = structlog.get_logger()
NUMBER = re.compile(r"[A-Za-z0-9-]{1,100}")
PAUSE = 0.2  # seconds between two looks for an answer


class Record(msgspec.Struct, frozen=True):
    """That a document goes out: the file that waits for it, and the units that it asks for."""

    ready: str
    units: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """An order that the partner has said something of, or that waits for it (`fate` None)."""

    key: str
    fate: Fate | None
    reference: str


@dataclass
class Sender:
    """Hands out documents. `look` is asked while an answer is waited for."""

    drop: Drop
    settings: Settings
    orders: Orders
    now: Callable[[], datetime]
    look: Callable[[], Awaitable[None]]
    _records: Records = field(init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._records = Records(self.drop, self.settings.folders.records)

    async def hand_over(self, document: OrderDocument) -> Told:
        """Have the order at the partner's; one that was handed over before is told as it stands.

        Raises:
            RefusedError: the partner refused it, or it cannot be written.
            DropError: see the laws of the port: only `SilentError` leaves it unknown.
        """
        key = checked(document.number)
        verdict = await self._verdict(key)
        if verdict.fate is None:
            units = sum(line.quantity for line in document.lines)
            verdict = await self._out(document, units, "ACCEPTED")
        if verdict.fate == "REFUSED":
            raise RefusedError("the partner refused the order")
        return _told(key, verdict)

    async def cancel(self, key: str) -> Told | None:
        """Have it stopped; None where nothing is known by this key.

        Raises:
            RefusedError: it cannot be cancelled any more.
            DropError: see `hand_over`.
        """
        record = await self._record(checked(key))
        verdict = await self._verdict(key)
        if record is None or verdict.fate == "REFUSED":
            return None
        if verdict.fate != "CANCELLED":
            verdict = await self._stopped(key, record, verdict)
        if verdict.fate == "COMPLETED" or (verdict.stays and verdict.fate != "CANCELLED"):
            raise RefusedError("the partner does not cancel the order any more")
        return Told(
            key, "CANCELLED" if verdict.fate == "CANCELLED" else None, verdict.reference or key
        )

    async def placed(self, keys: Collection[str]) -> list[Told]:
        """Those of which the partner said something; refused ones are left out."""
        found = []
        for key in dict.fromkeys(keys):
            verdict = await self._verdict(key) if NUMBER.fullmatch(key) else Verdict()
            if verdict.fate not in {None, "REFUSED"}:
                found.append(_told(key, verdict))
        return found

    async def answered(self, found: Answers) -> None:
        """Remember what the partner says; of documents that are not ours nothing is kept."""
        for answer in found.answers:
            key = answer.number.removesuffix(CANCELLING)
            record = await self._record(answer.number) if NUMBER.fullmatch(key) else None
            if record is None:
                log.warning("filedrop.answer_to_nothing")
                continue
            async with self._lock:
                before = await self._verdict(key)
                verdict = after(before, answer, units=record.units)
                if verdict != before:
                    await self._keep(key, verdict)

    async def _stopped(self, key: str, record: Record, verdict: Verdict) -> Verdict:
        if verdict.fate == "COMPLETED" or verdict.stays:
            return verdict
        try:
            await self.drop.remove(self._records.at(record.ready))
        except MissingError:
            document = Cancellation(number=f"{key}{CANCELLING}", of=key, told_at=self.now())
            return await self._out(document, 0, "CANCELLED")
        return await self._decided(key, "CANCELLED")  # it never went out

    async def _out(self, document: OrderDocument | Cancellation, units: int, then: Fate) -> Verdict:
        """Have the document out; what is known afterwards, which may have been waited for."""
        await self._publish(document, units)
        key = document.number.removesuffix(CANCELLING)
        try:
            if self.orders.accepted_by == "delivery":
                return await self._decided(key, then)
            return await self._answer(key, then)
        except DropError as error:  # it is out: nobody may be told that it is not
            raise SilentError(str(error)) from None

    async def _publish(self, document: OrderDocument | Cancellation, units: int) -> None:
        number = document.number
        record = await self._record(number)
        if record is None:
            record = await self._claimed(number, self._bytes(document), units)
        outbox, name = self.settings.folders.outbox, f"{self.orders.prefix}{number}"
        target = At(outbox, f"{name}{ENDINGS[self.orders.format]}")
        await self._records.out(record.ready, target)

    async def _claimed(self, number: str, data: bytes, units: int) -> Record:
        """The record that counts: ours, or that of somebody who was quicker."""

        def record(ready: str) -> Record:
            return Record(ready=ready, units=units)

        ready = await self._records.claim(f"{number}.sent.json", number, data, record)
        mine = None if ready is None else record(ready)
        if (counts := mine or await self._record(number)) is None:
            raise SilentError("a record of ours is gone")
        return counts

    def _bytes(self, document: OrderDocument | Cancellation) -> bytes:
        try:
            return written(document, self.orders)
        except ValueError as error:
            raise RefusedError(f"the document cannot be written: {error}") from None

    async def _answer(self, key: str, wanted: Fate) -> Verdict:
        """What is known once the partner has answered, or the time for it is over."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.orders.answer_within.total_seconds()
        while True:
            verdict = await self._verdict(key)
            settled = verdict.stays or verdict.fate in {"REFUSED", "COMPLETED", "CANCELLED"}
            if settled or verdict.fate == wanted or loop.time() >= until:
                return verdict
            await self.look()
            if await self._verdict(key) == verdict:
                await asyncio.sleep(PAUSE)

    async def _decided(self, key: str, fate: Fate) -> Verdict:
        """The fate that follows from what we did, unless the partner has said another."""
        async with self._lock:
            verdict = await self._verdict(key)
            if verdict.fate in {None, "ACCEPTED"} and verdict.fate != fate:
                verdict = Verdict(fate, verdict.reference, verdict.stays)
                await self._keep(key, verdict)
            return verdict

    async def _record(self, number: str) -> Record | None:
        return await self._records.kept(f"{number}.sent.json", Record)

    async def _verdict(self, key: str) -> Verdict:
        return await self._records.kept(f"{key}.told.json", Verdict) or Verdict()

    async def _keep(self, key: str, verdict: Verdict) -> None:
        await self._records.keep(f"{key}.told.json", verdict)


def checked(key: str) -> str:
    """The key.

    Raises:
        RefusedError: it cannot name a file.
    """
    if NUMBER.fullmatch(key) is None:
        raise RefusedError("the key is none that can name a file")
    return key


def _told(key: str, verdict: Verdict) -> Told:
    return Told(key, verdict.fate, verdict.reference or key)
