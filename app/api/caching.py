"""Is there an answer already that may be told again, and how is it told?

What a document says of keeping is worked out once (`app.engine.caching.terms`). What came with an
answer can only make it less: an answer with errors, or with a value that is STALE or UNKNOWN, is
not kept, and none for longer than the oldest value in it counts as fresh.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from hashlib import blake2b
from math import ceil
from typing import Any

import orjson
import strawberry
from cachetools import LRUCache
from msgspec import Struct, field

from app.api.access import BITS, IMPERSONAL, THE_PERSON
from app.api.callers import Caller
from app.api.hints import hints_of
from app.api.outcomes import Fate, Keeping, Outcome
from app.api.scalars import iso_duration
from app.api.tags import Seen
from app.engine.caching.answers import Answers, Made, Order, Reused
from app.engine.caching.entries import Entry, etag_of
from app.engine.caching.terms import KEY_SIZE, Rules, Terms, Wording, terms_of
from app.engine.gate import Admitted
from app.settings import Freshness as Windows
from app.settings import Settings
from app.settings import Windows as PortWindows
from app.upstream.report import Freshness, Report
from app.values import PrincipalKind

WORDING = Wording(
    fresh_arguments=frozenset({"maxAge", "cart"}),
    told="Freshness",
    first=Freshness.LIVE,
    again=Freshness.CACHED,
    late=Freshness.STALE,
)
MOST_TERMS = 8 * 1024 * 1024  # bytes of documents whose terms are known
EACH_TERMS = 1_000  # bytes of the terms of one
NOTHING = timedelta()
SHORTEST = timedelta(seconds=1)  # that others are told to keep something
KNOWN = frozenset({Freshness.LIVE, Freshness.CACHED})


class Attempt(Struct, frozen=True):
    """One execution: the time it has, and where it notes what it tells of and what it learnt."""

    within: timedelta
    seen: Seen = field(default_factory=Seen)
    report: Report = field(default_factory=Report)


Run = Callable[[Attempt], Awaitable[Outcome]]


def authorisation_of(caller: Caller) -> str:
    """Who gets the same answers as this caller: all of the same kind.

    It is part of every key. What depends on who asks must make a difference here.
    """
    return caller.known.kind


def generation_of(sdl: str, settings: Settings) -> bytes:
    """What answers depend on beside what is asked; processes that differ in it share none."""
    told = settings.model_dump_json(
        include={"bind", "channels", "connections", "locations", "pricing"}
    )
    first = settings.first_channel
    return blake2b(orjson.dumps([sdl, told, first]), digest_size=KEY_SIZE).digest()


class Caching:
    """Answers from what is kept, where a document allows it."""

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        answers: Answers[Outcome] | None,
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        """Without `answers` nothing is kept here; clients are told what they may keep."""
        core = schema._schema  # noqa: SLF001  strawberry has no public name for it
        self._rules = Rules(core, hints_of(schema), WORDING)
        self._answers = answers
        self._lifetimes = Lifetimes(settings.freshness, settings.cache.grace)
        self._budget = settings.requests.budget
        self._now = now
        self._generation = generation_of(schema.as_str(), settings)
        self._terms: LRUCache[tuple[str, int], Terms] = LRUCache(
            MOST_TERMS, getsizeof=lambda _terms: EACH_TERMS
        )

    def none_of(self, admitted: Admitted) -> bool:
        """Whether nobody may keep what an operation is answered."""
        return self.terms(admitted).max_age <= 0

    async def answer(
        self, admitted: Admitted, variables: Mapping[str, Any], caller: Caller, run: Run
    ) -> Outcome:
        """The answer to an operation: one that is kept, or what running it gives."""
        terms = self.terms(admitted)
        if terms.max_age <= 0 or _of_somebody(admitted, caller):
            return await run(Attempt(self._budget))
        if self._answers is None or terms.private:
            return await self._kept_by_others(terms, run)
        if (key := self.key(terms, variables, caller)) is None:
            return await self._kept_by_others(terms, run)
        found = await self._answers.get(key, partial(self._made, terms, run))
        return found.answer if isinstance(found, Made) else self._again(terms, found)

    def terms(self, admitted: Admitted) -> Terms:
        """The terms of an operation, worked out when it is first seen."""
        loc = admitted.operation.loc
        key = (admitted.text, loc.start if loc else 0)
        try:
            return self._terms[key]
        except KeyError:
            known = terms_of(admitted.document, admitted.text, admitted.operation, self._rules)
            if not admitted.open_to & BITS[PrincipalKind.GUEST]:
                known = replace(known, private=True)  # caches on the way ask nobody who they are
            self._terms[key] = known
            return known

    def key(self, terms: Terms, variables: Mapping[str, Any], caller: Caller) -> bytes | None:
        """What the answer depends on, in short; None for variables that cannot be written down."""
        given = {name: variables[name] for name in terms.variables if name in variables}
        asked = [given, caller.accepted, authorisation_of(caller)]
        try:
            told = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
        except TypeError:
            return None
        whole = b"".join((self._generation, terms.digest, told))
        return blake2b(whole, digest_size=KEY_SIZE).digest()

    async def _kept_by_others(self, terms: Terms, run: Run) -> Outcome:
        """What running it gives, with what clients may do with it; nothing is kept here."""
        began, attempt = self._now(), Attempt(self._budget)
        outcome = await run(attempt)
        lifetime, _ = self._lifetimes.of(outcome, attempt.report, terms.max_age, began)
        if outcome.data is None or lifetime < SHORTEST:
            return outcome
        tag = partial(_tag, outcome.data, terms, attempt.report)
        return outcome.but(keeping=_keeping(lifetime, began, tag, terms, began))

    async def _made(self, terms: Terms, run: Run, order: Order) -> Made[Outcome]:
        began, attempt = self._now(), Attempt(order.within)
        outcome = await run(attempt)
        lifetime, grace = self._lifetimes.of(outcome, attempt.report, terms.max_age, began)
        tags = attempt.seen.tags(terms.types)
        if outcome.data is None or lifetime <= NOTHING:
            return Made(outcome, None, tags)
        data, facts, etag = _lasting(outcome.data, terms, attempt.report)
        entry = Entry(
            data=data,
            facts=facts,
            tags=tags,
            made_at=began,
            lifetime=lifetime,
            grace=grace,
            etag=etag,
            seen=order.mark.seen,
        )
        keeping = _keeping(lifetime, began, etag, terms, began)
        return Made(outcome.but(keeping=keeping), entry, tags)

    def _again(self, terms: Terms, found: Reused[Outcome]) -> Outcome:
        now, entry = self._now(), found.entry
        keeping = None if entry is None else _still_keeping(entry, terms, now)
        if found.answer is not None:
            return found.answer.but(cached=True, keeping=keeping)
        if entry is None:
            raise TypeError("nothing was reused")
        fresh = entry.fresh(now)
        data = entry.data
        if not fresh:
            data = _said(data, terms.told, WORDING.again, WORDING.late)
        return Outcome(
            fate=Fate.EXECUTED,
            data=data,
            extensions=_freshness(entry.facts, now, WORDING.again if fresh else WORDING.late),
            cached=True,
            keeping=keeping,
        )


def _of_somebody(admitted: Admitted, caller: Caller) -> bool:
    """Whether it may tell of persons, and to this caller others than to all of the same kind."""
    return caller.known.kind in THE_PERSON and not admitted.open_to & IMPERSONAL


class Lifetimes:
    """How long is an answer as good as new, by the windows of the data in it?"""

    def __init__(self, windows: Windows, grace: timedelta) -> None:
        self._grace = grace
        self._windows: Mapping[str, PortWindows] = {
            "CatalogSource": windows.catalogue,
            "PriceSource": windows.prices,
            "StockSource": windows.stock,
        }

    def of(
        self, outcome: Outcome, report: Report, most: int, began: datetime
    ) -> tuple[timedelta, timedelta]:
        """How long from when it was begun, and for how long it is of use after that."""
        if outcome.fate is not Fate.EXECUTED or outcome.errors:
            return NOTHING, NOTHING
        lifetime, grace = timedelta(seconds=most), self._grace
        for age in report.ages:
            window = self._windows.get(age.port)
            if window is None or age.freshness not in KNOWN or age.read_at is None:
                return NOTHING, NOTHING
            lifetime = min(lifetime, window.fresh_for - max(NOTHING, began - age.read_at))
            grace = min(grace, window.revalidate_for)
        return lifetime, grace


def _said(data: bytes, keys: Sequence[str], was: str, now: str) -> bytes:
    """The same JSON, with what stands under some keys replaced.

    Inside a string every quote is escaped, so that what is replaced is a member and nothing else.
    """
    for key in keys:
        data = data.replace(f'"{key}":"{was}"'.encode(), f'"{key}":"{now}"'.encode())
    return data


def _lasting(
    data: bytes, terms: Terms, report: Report
) -> tuple[bytes, list[list[str | None]], str]:
    """What of an answer can be told again: its data, facts and entity tag."""
    data, facts = _said(data, terms.told, WORDING.first, WORDING.again), _facts(report)
    return data, facts, etag_of(data, facts)


def _tag(data: bytes, terms: Terms, report: Report) -> str:
    """Its entity tag."""
    return _lasting(data, terms, report)[2]


def _facts(report: Report) -> list[list[str | None]]:
    """What `extensions.freshness` says, but for what changes with the time."""
    return [
        [age.connection, age.port, None if age.as_of is None else age.as_of.isoformat()]
        for age in report.ages
    ]


def _freshness(facts: list[list[str | None]], now: datetime, freshness: str) -> dict[str, Any]:
    told = [
        {
            "connection": connection,
            "port": port,
            "freshness": freshness,
            "asOf": as_of,
            "age": as_of and _age(now, as_of),
        }
        for connection, port, as_of in facts
    ]
    return {"freshness": told} if told else {}


_instant = lru_cache(1024)(datetime.fromisoformat)  # what is kept is told again and again


def _age(now: datetime, as_of: str) -> str:
    return iso_duration(max(now - _instant(as_of), NOTHING))


def _keeping(
    lifetime: timedelta,
    made_at: datetime,
    tag: str | Callable[[], str],
    terms: Terms,
    now: datetime,
) -> Keeping | None:
    """What others may do; nothing with what is not good for a second."""
    if lifetime < SHORTEST:
        return None
    seconds, age = int(lifetime.total_seconds()), ceil((now - made_at).total_seconds())
    return Keeping(lifetime=seconds, age=age, private=terms.private, tag=tag)


def _still_keeping(entry: Entry, terms: Terms, now: datetime) -> Keeping | None:
    """What others may do with an answer that was made before."""
    if not entry.fresh(now):
        return None
    return _keeping(entry.lifetime, entry.made_at, entry.etag, terms, now)
