"""What is in an UN/EDIFACT interchange? Strictly: whatever is cut, miscounted or extra is refused.

Libraries read more than they should here: they take an interchange without its end, or one whose
counts are wrong, and do not say where a mistake stands.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connectors.filedrop.documents import Mistake, Unreadable

UNA = "UNA"
LONGEST_REFERENCE = 14  # characters, says the standard
DEFAULT_MARKS = ":+.? '"
CHARSETS = {
    "A": "ascii", "B": "ascii", "C": "latin-1", "D": "iso8859-2", "E": "iso8859-5",
    "F": "iso8859-7", "G": "iso8859-3", "H": "iso8859-4", "I": "iso8859-6", "J": "iso8859-8",
    "K": "iso8859-9", "W": "utf-8", "Y": "utf-8",
}  # fmt: skip
HEADER = re.compile(rb"\s*(?:UNA.{6}\s*)?UNB.UNO([A-Z])", re.DOTALL)


class Marks(NamedTuple):
    """The characters that an interchange is cut with."""

    component: str
    element: str
    decimal: str
    release: str
    terminator: str


class Segment(NamedTuple):
    """One segment: its elements, each a sequence of components."""

    tag: str
    elements: Sequence[Sequence[str]]
    line: int
    column: int

    def get(self, element: int, component: int = 0) -> str:
        """A component, both counted as standards do: elements from 1, components from 0."""
        if element > len(self.elements):
            return ""
        found = self.elements[element - 1]
        return found[component].strip() if component < len(found) else ""

    def wrong(self, what: str, about: str | None = None) -> Mistake:
        """A mistake in this segment."""
        return Mistake(self.line, self.column, f"{self.tag}: {what}", about)


@dataclass(frozen=True, slots=True)
class Message:
    """What stands between UNH and UNT."""

    head: Segment
    segments: tuple[Segment, ...]

    @property
    def kind(self) -> str:
        """What it is, such as INVRPT."""
        return self.head.get(2)


@dataclass(frozen=True, slots=True)
class Interchange:
    """What one file holds. `decimal` is the mark in its numbers."""

    head: Segment
    messages: tuple[Message, ...]
    decimal: str

    @property
    def sequence(self) -> int:
        """The sender's own number of it, 0 where that is no number."""
        said = self.head.get(5)
        known = said.isascii() and said.isdigit() and len(said) <= LONGEST_REFERENCE
        return int(said) if known else 0


def interchange(data: bytes, *, most: int) -> Interchange:
    """The interchange of a file, with at most so many segments.

    Raises:
        Unreadable: it is none, or not a whole one.
    """
    text, marks = _text(data)
    segments = _Segments(text, marks, most)
    head = segments.take("UNB")
    messages = []
    while (one := segments.take("UNH", "UNZ")).tag == "UNH":
        messages.append(_message(one, segments))
    _check(one, 1, len(messages), "messages")
    if one.get(2) != head.get(5):
        raise Unreadable(one.wrong("its reference is not that of UNB"))
    if (more := segments.next()) is not None:
        raise Unreadable(more.wrong("stands after the end of the interchange"))
    if not messages:
        raise Unreadable(one.wrong("there is no message"))
    return Interchange(head, tuple(messages), marks.decimal)


def _message(head: Segment, segments: "_Segments") -> Message:
    inside: list[Segment] = []
    while (one := segments.take()).tag != "UNT":
        if one.tag in {"UNH", "UNZ", "UNB"}:
            raise Unreadable(one.wrong("stands in a message that has no end (UNT)"))
        inside.append(one)
    _check(one, 1, len(inside) + 2, "segments")
    if one.get(2) != head.get(1):
        raise Unreadable(one.wrong("its reference is not that of UNH"))
    return Message(head, tuple(inside))


def _check(end: Segment, element: int, count: int, of: str) -> None:
    if end.get(element) != str(count) and end.get(element).lstrip("0") != str(count):
        raise Unreadable(end.wrong(f"counts another number of {of} than the {count} there are"))


class _Segments:
    """Hands out segments in order."""

    def __init__(self, text: str, marks: Marks, most: int) -> None:
        self._found = _cut(text, marks)
        self._most = most
        self._count = 0
        self._end = Mistake(*_place(_newlines(text), len(text)), "the interchange ends too early")

    def next(self) -> Segment | None:
        found = next(self._found, None)
        self._count += 1
        if found is not None and self._count > self._most:
            raise Unreadable(found.wrong(f"more than {self._most} segments"))
        return found

    def take(self, *tags: str) -> Segment:
        """The next one, which is there and one of these; any where none is named."""
        if (found := self.next()) is None:
            raise Unreadable(self._end)
        if tags and found.tag not in tags:
            raise Unreadable(found.wrong(f"{' or '.join(tags)} should stand here"))
        return found


def _text(data: bytes) -> tuple[str, Marks]:
    if not data.strip():
        raise Unreadable(Mistake(1, 1, "the file is empty"))
    if (header := HEADER.match(data[:1000])) is None:
        raise Unreadable(Mistake(1, 1, "does not begin as an interchange does (UNA or UNB)"))
    charset = CHARSETS.get(header[1].decode())
    if charset is None:
        raise Unreadable(Mistake(1, 1, "UNB: the character set is not known"))
    try:
        text = data.decode(charset)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise Unreadable(Mistake(line, column, f"is not {charset}, which UNB says")) from None
    return text, _marks(text)


def _marks(text: str) -> Marks:
    said = text.lstrip()
    marks = said[3:9] if said.startswith(UNA) else DEFAULT_MARKS
    component, element, decimal, release, _, terminator = tuple(marks)
    found = Marks(component, element, decimal, release, terminator)
    apart = {component, element, release, terminator}
    if len(apart) < 4 or any(one.isalnum() for one in apart):  # noqa: PLR2004  of four marks
        raise Unreadable(Mistake(1, 4, "UNA: the marks are not four different ones"))
    return found


def _cut(text: str, marks: Marks) -> Iterator[Segment]:
    start = len(text) - len(text.lstrip())
    at = start + 9 if text.startswith(UNA, start) else start
    newlines = _newlines(text)
    release, terminator = re.escape(marks.release), re.escape(marks.terminator)
    whole = re.compile(rf"\s*((?:[^{release}{terminator}]|{release}.)*){terminator}", re.DOTALL)
    while found := whole.match(text, at):
        line, column = _place(newlines, found.start(1))
        yield _segment(found[1], marks, line, column)
        at = found.end()
    if rest := text[at:].lstrip():
        line, column = _place(newlines, len(text) - len(rest))
        raise Unreadable(Mistake(line, column, "the last segment has no end"))


def _segment(text: str, marks: Marks, line: int, column: int) -> Segment:
    tag, *elements = _split(text, marks.element, marks.release)
    if not re.fullmatch("[A-Z]{3}", tag):
        raise Unreadable(Mistake(line, column, "is no segment"))
    parts = [
        [_plain(one, marks.release) for one in _split(element, marks.component, marks.release)]
        for element in elements
    ]
    return Segment(tag, parts, line, column)


def _split(text: str, mark: str, release: str) -> list[str]:
    """The parts between marks that are not released; what is released stays so."""
    if release not in text:
        return text.split(mark)
    found, released = [""], False
    for one in text:
        if one == mark and not released:
            found.append("")
        else:
            found[-1] += one
        released = one == release and not released
    return found


def _plain(text: str, release: str) -> str:
    return re.sub(rf"{re.escape(release)}(.)", r"\1", text, flags=re.DOTALL)


def _newlines(text: str) -> Sequence[int]:
    return [one.start() for one in re.finditer("\n", text)]


def _place(newlines: Sequence[int], at: int) -> tuple[int, int]:
    line = bisect_right(newlines, at - 1)
    return line + 1, at - (newlines[line - 1] if line else -1)


def escaped(text: str) -> str:
    """What is written into a component, with the usual marks."""
    return re.sub(r"([?:+'])", r"?\1", " ".join(text.split()))
