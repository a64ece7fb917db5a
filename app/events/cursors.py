"""How does a follower say what it has? By a cursor: opaque, and of this log and stream only.

A cursor has a place, marks of the epoch and of the stream it is of, and a seal, so that one which
was made elsewhere is not taken for a place. The seal needs no secret of its own: its key is the
epoch, which nobody is told.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2b
from hmac import compare_digest
from struct import Struct

from app.errors import InvalidInputError
from app.events.model import LostCode, Topic

FORM = Struct(">B4s4sQQ")  # kind, epoch, stream, at, last
SEAL = 8  # bytes
LONGEST = 500  # characters
GOING_ON, BEGINNING = 1, 2


class CursorRefused(InvalidInputError):  # noqa: N818  a refusal of the caller's input
    """It was not made here, or for something else."""

    def __init__(self) -> None:
        super().__init__(
            "after is not a cursor of this stream: give one that it told, or none to begin anew.",
            argument="after",
        )


@dataclass(frozen=True, slots=True)
class Place:
    """How far a follower is: it has everything up to `at`, and `last` is the last it was told.

    With a `key` it is within what there is (of which "" is the start), and goes on at `at` after
    that.
    """

    at: int
    last: int
    key: str | None = None


START = Place(0, 0, "")


class CursorLost(Exception):  # noqa: N818  handled by who follows
    """What comes after a place is not there, up to `before`."""

    def __init__(self, place: Place, code: LostCode, before: int) -> None:
        super().__init__(code)
        self.place = place
        self.code = code
        self.before = before


@dataclass(frozen=True, slots=True)
class Cursors:
    """Writes and reads the cursors of one topic in one epoch."""

    epoch: str
    topic: Topic

    def written(self, place: Place) -> str:
        """The cursor of a place."""
        kind = GOING_ON if place.key is None else BEGINNING
        marks = _mark(self.epoch), self._stream()
        told = FORM.pack(kind, *marks, place.at, place.last) + (place.key or "").encode()
        return urlsafe_b64encode(told + self._seal(told)).decode().rstrip("=")

    def read(self, cursor: str) -> Place:
        """The place of a cursor.

        Raises:
            CursorRefused: it was not made by `written`, or of another topic.
            CursorLost: it was made in another epoch.
        """
        told, seal = _taken_apart(cursor)
        kind, epoch, stream, at, last = FORM.unpack_from(told)
        key = told[FORM.size :]
        place = Place(at, last, _text(key) if kind == BEGINNING else None)
        if place == START:
            return START  # in whichever epoch: it names no place
        if epoch != _mark(self.epoch):
            raise CursorLost(place, LostCode.EPOCH_CHANGED, 0)
        if not compare_digest(seal, self._seal(told)) or stream != self._stream():
            raise CursorRefused
        return place

    def _stream(self) -> bytes:
        topic = self.topic
        party = "" if topic.party is None else f"\0{topic.party}"
        return _mark(f"{topic.stream}\0{topic.entity or ''}{party}")

    def _seal(self, told: bytes) -> bytes:
        return blake2b(told, key=self.epoch.encode()[:64], digest_size=SEAL).digest()


def _mark(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=4, person=b"cursor").digest()


def _taken_apart(cursor: str) -> tuple[bytes, bytes]:
    try:
        told = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError as error:
        raise CursorRefused from error
    if len(cursor) > LONGEST or len(told) < FORM.size + SEAL:
        raise CursorRefused
    if told[0] not in {GOING_ON, BEGINNING}:
        raise CursorRefused
    return told[:-SEAL], told[-SEAL:]


def _text(key: bytes) -> str:
    try:
        return key.decode()
    except UnicodeDecodeError as error:
        raise CursorRefused from error
