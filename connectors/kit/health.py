"""Does a healthy upstream get a true and complete answer?"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import quantiles
from time import perf_counter
from typing import Any

from app.ports import PORTS, ProductPage, ProductQuery, provided_ports
from connectors.kit.bench import Bench, Outcome, Plugged, outcome_of
from connectors.kit.findings import Finding, told
from connectors.kit.marketed import page_laws
from connectors.kit.question import Keys, Question, Reading
from connectors.kit.questions import read_page
from connectors.kit.receipts import receipt_laws

CLOCKS_DIFFER = timedelta(minutes=5)
PAGE = 2
MOST_PAGES = 50
TIMED = 20  # asks; the fewest that have a 95th percentile
FOREIGN_CURSOR = "not-a-cursor-of-this-listing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a healthy conversation showed, and what the dearest question costs.

    `calls` are those of a fresh connection, `seconds` the 95th percentile of a used one.
    """

    findings: tuple[Finding, ...]
    calls: int
    seconds: float


async def examine(
    bench: Bench, questions: tuple[Question, ...], declared: frozenset[str]
) -> Health:
    """Every question, asked of a healthy upstream in every way."""
    plugged, calls, seconds = await bench.plug(), 0, 0.0
    findings = list(_shape(plugged, declared))
    for question in questions:
        keys, before = question.keys(bench.specimen), bench.wire.requests
        outcome = await plugged.ask(question, keys)
        calls = max(calls, plugged.line.calls)
        if bench.wire.requests - before > plugged.line.calls:
            reason = f"{question.name}: the upstream was called past the client that was handed in"
            findings.append(Finding("client-injected", reason))
        findings.extend(_truth(plugged, question, keys, outcome))
        if isinstance(outcome, Reading) and keys:
            findings += [one async for one in _choosing(plugged, question, keys, outcome)]
        if isinstance(outcome, Reading) and question.name == "browse":
            findings += [one async for one in _leafing(plugged, question, outcome)]
        if isinstance(outcome, Reading) and question.port == "ReceiptSource":
            findings += await receipt_laws(plugged, outcome)
        if isinstance(outcome, Reading) and question.name == "orders":
            findings += await page_laws(plugged, outcome)
        seconds = max(seconds, await _pace(plugged, question, keys))
    return Health(findings=tuple(findings), calls=calls, seconds=seconds)


async def _pace(plugged: Plugged, question: Question, keys: Keys) -> float:
    taken = []
    for _ in range(TIMED):
        begun = perf_counter()
        await plugged.ask(question, keys)
        taken.append(perf_counter() - begun)
    return quantiles(taken, n=20)[-1]


def _shape(plugged: Plugged, declared: frozenset[str]) -> Iterator[Finding]:
    fulfilled, promised = provided_ports(plugged.connection), plugged.specimen.ports
    for port in sorted(promised - fulfilled):
        yield Finding("conformance", f"the connection has no {port}, its specimen says it has")
    for port in sorted(fulfilled - promised):
        yield Finding("conformance", f"the connection has {port}, its specimen does not prove it")
    for port in sorted(promised - declared):
        known = "the manifest does not declare it" if port in PORTS else "there is no such port"
        yield Finding("manifest-valid", f"the specimen names {port}, {known}")


def _truth(plugged: Plugged, question: Question, keys: Keys, outcome: Outcome) -> Iterator[Finding]:
    if not isinstance(outcome, Reading):
        yield Finding("conformance", f"{question.name}: {told(outcome)}; the upstream is healthy")
        return
    for wrong in _wrongs(plugged, question, keys, outcome):
        yield Finding("conformance", f"{question.name}: {wrong}")


def _wrongs(plugged: Plugged, question: Question, keys: Keys, reading: Reading) -> Iterator[str]:
    specimen = plugged.specimen
    if not reading.rows:
        yield "no row for anything the specimen knows"
    yield from (f"{key!r} comes twice" for key in reading.repeated())
    if keys:
        yield from (
            f"{key!r} was not asked for" for key in question.strays(reading, specimen, keys)
        )
    yield from filter(None, (_stamp(stamp, plugged.clock.now()) for stamp in reading.as_of[:1]))
    for key, row in reading.rows:
        if (fault := question.faults(row, specimen)) is not None:
            yield f"{key!r} {fault}"
        stamped = _stamp(row.as_of, plugged.clock.now()) if hasattr(row, "as_of") else None
        if stamped is not None:
            yield f"{key!r}: {stamped}"


def _stamp(stamp: datetime, now: datetime) -> str | None:
    if stamp.utcoffset() is None:
        return "as_of has no offset"
    return "as_of lies in the future" if stamp > now + CLOCKS_DIFFER else None


async def _choosing(
    plugged: Plugged, question: Question, keys: Keys, full: Reading
) -> AsyncIterator[Finding]:
    """Unknown keys are left out, one key gets its own rows, no key gets nothing."""
    unknown = question.unknown(plugged.specimen, 2)
    expected = {
        "known and unknown keys": ((*keys, *unknown), full.facts),
        "unknown keys": (unknown, {}),
        "the same key twice": ((*keys, keys[0]), full.facts),
        "no keys": ((), {}),
    }
    for asked, (chosen, facts) in expected.items():
        outcome = await plugged.ask(question, chosen)
        if not isinstance(outcome, Reading):
            yield Finding("conformance", f"{question.name}, asked for {asked}: {told(outcome)}")
        elif outcome.facts != facts or outcome.repeated():
            what = f"{told(outcome)}, expected {len(facts)} rows"
            yield Finding("conformance", f"{question.name}, asked for {asked}: {what}")


async def _leafing(plugged: Plugged, question: Question, full: Reading) -> AsyncIterator[Finding]:
    """The listing in small pages is the listing, in the same order; foreign cursors are told."""
    outcome = await outcome_of(_leafed(plugged))
    keys = [key for key, _ in full.rows]
    if not isinstance(outcome, Reading):
        yield Finding("conformance", f"{question.name}, in pages of {PAGE}: {told(outcome)}")
    elif [key for key, _ in outcome.rows][: len(keys)] != keys:
        reason = f"{question.name}, in pages of {PAGE}: other rows than in one page"
        yield Finding("conformance", reason)
    if (wrong := await plugged.refuses(_page(plugged, FOREIGN_CURSOR))) is not None:
        yield Finding("errors-ours", f"{question.name}, with a foreign cursor: {wrong}")


async def _leafed(plugged: Plugged) -> Reading:
    rows: list[tuple[Any, Any]] = []
    stamps: list[datetime] = []
    after: str | None = None
    for _ in range(MOST_PAGES):
        plugged.line.calls = 0
        page = await _browse(plugged, after)
        reading = read_page(page)
        rows.extend(reading.rows)
        stamps.extend(reading.as_of)
        if not page.has_next or not page.edges:
            break
        after = page.edges[-1].cursor
    return Reading(rows=tuple(rows), as_of=tuple(stamps), rejected=0)


async def _page(plugged: Plugged, after: str) -> Reading:
    return read_page(await _browse(plugged, after))


async def _browse(plugged: Plugged, after: str | None) -> ProductPage:
    query = ProductQuery(first=PAGE, after=after, locale=plugged.specimen.channel.locale)
    page: ProductPage = await plugged.connection.browse(query)
    return page
