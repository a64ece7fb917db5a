"""Which values stand together, and need we ask for them? Readers of many values a row.

All that is known of one SKU at several locations is one row, and a `Shelf` is what a row says of
some columns. A shelf that is fresh is given to everybody as it is, with whatever was made of it.
"""

from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Generic, TypeVar

from app.errors import UpstreamBroken
from app.upstream.ahead import Read
from app.upstream.asked import Asked
from app.upstream.asking import asked
from app.upstream.flights import Flights
from app.upstream.health import Health
from app.upstream.readings import (
    NEVER,
    Ages,
    Brought,
    Cells,
    FetchedRows,
    FreshnessPolicy,
    Inquiry,
    Kept,
    Moment,
    Wish,
    before,
)
from app.upstream.report import Freshness, Report
from app.upstream.rows import NONE, Rows, Shelves

R = TypeVar("R", bound=Hashable)
C = TypeVar("C", bound=Hashable)
V = TypeVar("V")
Fetch = Callable[[Cells[R, C]], Awaitable[FetchedRows[R, C, V]]]
NO_MOMENT = NEVER, Moment(NEVER, NEVER)
Heard = Callable[[], timedelta | None]
"""How long ago it was heard that what is kept may be another by now."""


@dataclass(slots=True, kw_only=True, eq=False)
class ShelfReader(Generic[R, C, V]):
    """Reads one port of one connection. `timeout` bounds a whole port call, all its pages.

    What was read before a change was `heard` of is asked for anew, and serves when that fails.
    `changes` counts those that are heard of: what was asked for before one was read before it.
    """

    port: str
    fetch: Fetch[R, C, V]
    policy: FreshnessPolicy
    health: Health
    timeout: timedelta
    heard: Heard | None = None
    changes: Callable[[], int] = lambda: 0
    flights: Flights[R, C] = field(init=False)
    rows: Rows[R, C, V] = field(init=False)
    usual: Ages = field(init=False)
    newest: datetime = NEVER  # when anything that is kept was read last
    _last: tuple[datetime, Moment] = NO_MOMENT

    def __post_init__(self) -> None:
        self.flights = Flights(self._ask, f"read {self.port}", self._changes_heard)
        self.rows = Rows(self.policy.capacity)
        self.usual = self.policy.ages()

    def read(
        self,
        rows: Collection[R],
        columns: tuple[C, ...],
        inquiry: Inquiry,
        *,
        max_age: timedelta | None = None,
    ) -> Asked[R, C, V]:
        """Begin to read: the calls that are needed are under way before anybody waits.

        To be awaited: a shelf for every row. Upstream failures are reported, never raised.
        """
        ahead = inquiry.ahead
        if ahead is None or max_age is not None:
            return self.begun(rows, columns, inquiry, max_age)
        read = Read(self, rows, columns)
        if ahead.since is not None and (self.heard is None or self.heard() is None):
            prepared: Asked[R, C, V] | None = ahead.prepared(read)
            if prepared is not None:
                return prepared
        begun = self.begun(rows, columns, inquiry)
        ahead.reads(read, inquiry, waits=begun.waits)
        return begun

    def begun(
        self,
        rows: Collection[R],
        columns: tuple[C, ...],
        inquiry: Inquiry,
        max_age: timedelta | None = None,
    ) -> Asked[R, C, V]:
        """A read that has begun, of which its inquiry is told nothing yet."""
        wish = self._wish(max_age, inquiry)
        fresh = self._fresh(rows, columns, wish)
        begun = Asked(self, rows, columns, inquiry, wish, fresh, NONE, NONE, NONE, NONE)
        if len(fresh) < len(rows):
            begun.begin()
        return begun

    def _wish(self, max_age: timedelta | None, inquiry: Inquiry) -> Wish:
        """How old values may be; one who says so may know that they have changed meanwhile."""
        ages = self.usual if max_age is None else self.policy.ages(max_age)
        wish, ahead = Wish.of(self.health.now(), ages), inquiry.ahead
        if ahead is not None and ahead.since is not None and max_age is None:
            wish = wish.waiting(ahead.since)
        if self.heard is None or (ago := self.heard()) is None:
            return wish
        return wish.changed(before(wish.now, ago))

    def _fresh(self, rows: Collection[R], columns: tuple[C, ...], wish: Wish) -> Shelves[R, V]:
        """The shelves that need no further thought."""
        read_since, true_since = wish.read_since, before(wish.now, wish.ages.stale_after)
        found = list(map(self.rows.shelves(columns).get, rows))
        fresh = self.rows.asked_before(rows, columns, found)
        if fresh is None or fresh.read_at <= read_since or fresh.as_of < true_since:
            fresh = Shelves(
                {
                    row: shelf
                    for row, shelf in zip(rows, found, strict=True)
                    if shelf is not None
                    and shelf.read_at > read_since
                    and shelf.as_of >= true_since
                }
            )
            if 0 < len(fresh) == len(found):
                self.rows.keep_together(fresh, columns)
        self.rows.used(fresh)
        return fresh

    def keep(
        self,
        fetched: FetchedRows[R, C, V],
        wanted: Mapping[R, tuple[C, ...]] = NONE,
        *,
        read_at: datetime | None = None,
    ) -> Brought[R, C, V]:
        """Keep what a call brought; a wanted cell that it did not bring is known to be absent.

        It counts as read now, or at `read_at`.

        Raises:
            UpstreamBroken: rows could not be understood, and wanted cells are missing that may be
                among them. What was understood is kept.
        """
        heard = self.health.now()
        read_at = heard if read_at is None else read_at
        self.newest, self._last = max(self.newest, read_at), NO_MOMENT
        kept, moments = self._kept(fetched, heard, read_at)
        self._put(kept, outdone=read_at < heard)
        missing = {
            row: absent
            for row, columns in wanted.items()
            if (absent := _absent(columns, kept.get(row)))
        }
        if rejected := list(fetched.rejected):
            self.health.rejected(
                operation=self.port,
                references=[row.reference for row in rejected],
                reason=rejected[0].reason,
            )
            if missing:
                raise UpstreamBroken(f"{len(rejected)} of its rows could not be understood")
        if missing:
            moments.append(self._moment(fetched.as_of, heard, read_at))
            nothing: Kept[V] = Kept(None, moments[-1])
            none = {row: dict.fromkeys(columns, nothing) for row, columns in missing.items()}
            self._put(none, outdone=read_at < heard)
            kept |= {row: {**kept.get(row, NONE), **columns} for row, columns in none.items()}
        first = moments[0] if moments else None
        return Brought(kept, first if all(one is first for one in moments) else None)

    def _put(self, kept: Mapping[R, dict[C, Kept[V]]], *, outdone: bool) -> None:
        """Keep values; of those that may be `outdone`, what was not read since."""
        if outdone:
            kept = {
                row: {
                    column: one
                    for column, one in told.items()
                    if (other := self.rows.row(row).get(column)) is None
                    or other.moment.observed_at <= one.moment.observed_at
                }
                for row, told in kept.items()
            }
        self.rows.put(kept)

    def _kept(
        self, fetched: FetchedRows[R, C, V], heard: datetime, otherwise: datetime
    ) -> tuple[dict[R, dict[C, Kept[V]]], list[Moment]]:
        """The values as they are kept, and their moments; most often all are of one."""
        said, known, was = None, fetched.read_at.get, otherwise
        kept: dict[R, dict[C, Kept[V]]] = {}
        moments: list[Moment] = []
        for row, told in fetched.rows.items():
            if (read_at := known(row, otherwise)) is not was:
                said, was = None, read_at
            values = kept[row] = {}
            for column, (value, as_of) in told.items():
                if as_of is not said:
                    said, moment = as_of, self._moment(as_of, heard, read_at)
                    moments.append(moment)
                values[column] = Kept(value, moment)
        return kept, moments

    def _moment(self, as_of: datetime, heard: datetime, read_at: datetime) -> Moment:
        """The same for all that one call told of one moment; `heard` when it was answered."""
        said, last = self._last
        if said is not as_of or last.observed_at is not read_at:
            last = Moment(self.health.truthful(as_of, heard), read_at)
            self._last = as_of, last
        return last

    def count(self, freshness: Freshness, values: int, as_of: datetime | None, to: Report) -> None:
        """Tell the report and the books how some values came."""
        to.read(self.health.connection, self.port, freshness, as_of)
        self.health.readings[self.port, freshness] += values

    def _changes_heard(self) -> int:
        return self.changes()

    async def _ask(self, cells: Cells[R, C]) -> Brought[R, C, V]:
        began, changes = self.health.now(), self.changes()
        fetched = await asked(
            self.health.connection, partial(self.fetch, cells), within=self.timeout
        )
        read_at = None if self.changes() == changes else began
        return self.keep(fetched, cells.by_row, read_at=read_at)


def _absent(columns: tuple[C, ...], told: Mapping[C, object] | None) -> tuple[C, ...]:
    """The columns that were not told."""
    if told is None:
        return columns
    if all(map(told.__contains__, columns)):
        return ()
    return tuple(one for one in columns if one not in told)
