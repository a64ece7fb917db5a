"""What do files say, whatever their form? And what is wrong with one that cannot be read?"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar
from unicodedata import combining, normalize

from connectors.filedrop.settings import State

P = TypeVar("P")
T = TypeVar("T")
MOST_TOLD = 50  # mistakes of one file that are told
LONGEST_NAME = 100  # characters of a SKU, a place or a number


class Mistake(NamedTuple):
    """What is wrong where: lines and columns count from 1; `about` is the SKU or number, if any."""

    line: int
    column: int
    wrong: str
    about: str | None = None

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.wrong}"


class Unreadable(Exception):  # noqa: N818  an answer about a file, not a failure of ours
    """The file as a whole cannot be taken, for these mistakes."""

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__("; ".join(map(str, mistakes[:MOST_TOLD])))
        self.mistakes = mistakes


def read_each(parts: Iterable[P], read: Callable[[P], T], mistakes: list[Mistake]) -> Iterator[T]:
    """What can be read of the parts; what is wrong with the others is added to `mistakes`."""
    for one in parts:
        try:
            yield read(one)
        except Unreadable as unreadable:
            mistakes.extend(unreadable.mistakes)


class Level(NamedTuple):
    """Units of one SKU at one place; `as_of` None: when the file says so."""

    sku: str
    place: str
    on_hand: int
    reserved: int = 0
    damaged: int = 0
    as_of: datetime | None = None


class Placed(NamedTuple):
    """A row, and where it stands in its file."""

    level: Level
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockList:
    """The levels of one file. `as_of` and `sequence` are as it says within, if it does."""

    levels: tuple[Level, ...]
    mistakes: tuple[Mistake, ...] = ()
    as_of: datetime | None = None
    sequence: int = 0


class Answer(NamedTuple):
    """What the partner says of a document of ours, by its `number`.

    `units` are those that are on their way, where it says so of a despatch.
    """

    number: str
    state: State
    reference: str | None = None
    units: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers of one file."""

    answers: tuple[Answer, ...]
    mistakes: tuple[Mistake, ...] = ()
    as_of: datetime | None = None


def stock_list(
    rows: Iterable[Placed],
    mistakes: Iterable[Mistake],
    *,
    as_of: datetime | None,
    sequence: int = 0,
) -> StockList:
    """Each pair of SKU and place once; one that is told twice with other figures is a mistake."""
    told: dict[tuple[str, str], Level] = {}
    wrong = list(mistakes)
    doubtful: set[tuple[str, str]] = set()
    for level, line, column in rows:
        key = (level.sku, level.place)
        if told.setdefault(key, level) != level:
            doubtful.add(key)
            wrong.append(Mistake(line, column, "told before with other figures", level.sku))
    levels = tuple(level for key, level in told.items() if key not in doubtful)
    latest = max((level.as_of for level in levels if level.as_of is not None), default=None)
    return StockList(levels=levels, mistakes=tuple(wrong), as_of=as_of or latest, sequence=sequence)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """Units that leave a place; amounts are decimal numbers as text."""

    sku: str
    place: str
    quantity: int
    unit_price: str
    total: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDocument:
    """An order as the partner is to have it. It holds personal data."""

    number: str
    placed_at: datetime
    currency: str
    total: str
    delivery: str
    method: str
    lines: tuple[OrderLine, ...]
    name: str
    email: str
    phone: str
    address: Mapping[str, str]
    due_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """That the order `of` is not wanted any more."""

    number: str
    of: str
    told_at: datetime


def whole_units(said: str, decimal: str = ".") -> int:
    """Whole units out of a number as it is written; `4,0` is four, `4,5` nothing.

    Raises:
        ValueError: it is no number of whole units.
    """
    units, point, rest = said.strip().partition(decimal)
    digits = units[1:] if units[:1] in {"+", "-"} else units
    if not (digits.isascii() and digits.isdigit()) or (point and not rest):
        raise ValueError("is not a whole number")
    if rest.strip("0"):
        raise ValueError("is not a number of whole units")
    if len(digits) > 12:  # noqa: PLR2004  no warehouse holds as many
        raise ValueError("is too large a number")
    return int(units)


def named(said: str) -> str:
    """A SKU, a place or a number.

    Raises:
        ValueError: it is none, or too long.
    """
    name = said.strip()
    if not name:
        raise ValueError("is empty")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise ValueError("is too long, or cannot be printed")
    return name


def encoded(text: str, encoding: str) -> bytes:
    """The text; a letter that the encoding lacks loses its marks, or becomes a question mark."""
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return b"".join(_letter(one, encoding) for one in text)


def _letter(letter: str, encoding: str) -> bytes:
    for said in (letter, normalize("NFKD", letter)[:1]):
        with suppress(UnicodeEncodeError):
            return said.encode(encoding)
    return b"" if combining(letter) else b"?"
