"""Answers: how many can be sold, and from where?"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import lru_cache

from cachetools import LRUCache

from app.availability.bundles import bundled, with_components
from app.availability.model import (
    NEEDED_SERVICE,
    Aggregate,
    FulfilmentMethod,
    Spread,
)
from app.availability.projection import ProjectedStock
from app.availability.promised import Promised
from app.availability.reading import MANY_AT_HAND, Codes, StockReader, spread_over
from app.errors import InvalidInputError
from app.locations.model import Place, Places, Search
from app.locations.service import LocationService
from app.products.bundles import NO_BUNDLES, MadeOf
from app.products.service import ProductService
from app.settings import Channel as ChannelRules
from app.upstream.readings import Inquiry, Together
from app.upstream.report import Report
from app.values import CountryCode, LocationCode, Sku
from app.values import LocationService as Service

MOST_SPOTS = 20_000  # SKUs times locations in one answer
MOST_SUMMED = 200_000  # the same where they are only summed up, and of bundles that are kept
MOST_SEARCHES = 100  # kept, each with its places
NOWHERE = Places.of(())
NOW = timedelta()  # the age that stock may have which is to be held
MANY = 1_000  # spots that are worth letting others have their turn in between


class AvailabilityService:
    """Asks each location's stock source, all of them at once, one call each.

    `source_of` names the connection that knows the stock of a location.
    """

    def __init__(
        self,
        readers: Mapping[str, StockReader],
        *,
        source_of: Callable[[LocationCode], str | None],
        locations: LocationService,
        promised: Promised | None = None,
        projected: ProjectedStock | None = None,
        catalogue: ProductService | None = None,
    ) -> None:
        """Without `promised` nothing is; without `projected` what is unknown stays so.

        Without a `catalogue` nothing is a bundle.
        """
        self._catalogue = catalogue
        self._promised = promised
        self._projected = projected
        self._readers = readers
        self._source_of = lru_cache(maxsize=10_000)(source_of)
        self._locations = locations
        self._bundled: LRUCache[tuple[Sku, Codes], Spread] = LRUCache(
            MOST_SUMMED, getsizeof=lambda spread: len(spread.parts)
        )
        self._holding = lru_cache(maxsize=MOST_SEARCHES)(self._find_holding)
        self._selling = lru_cache(maxsize=MOST_SEARCHES)(self._find_selling)

    def holding(
        self,
        search: Search,
        *,
        methods: Collection[FulfilmentMethod] | None = None,
        report: Report,
    ) -> Places:
        """Wanted places that hold stock and offer one of the methods.

        One whose code is asked for need not hold stock: then that is what is said of it.
        """
        self._locations.tell_missing(report)
        offering = None if methods is None else frozenset(methods)
        return self._holding(self._locations.edition, search, offering)

    def selling(self, rules: ChannelRules, *, to: CountryCode | None, report: Report) -> Places:
        """Places whose stock a channel may sell, and that reach the country `to`."""
        self._locations.tell_missing(report)
        reached = to is None or not rules.ships_to or to in rules.ships_to
        if not reached:
            return NOWHERE
        return self._selling(self._locations.edition, rules.sells_from, sent=to is not None)

    async def made_of(self, skus: Collection[Sku], inquiry: Inquiry) -> MadeOf:
        """What those of the SKUs that are bundles are made of."""
        if self._catalogue is None:
            return NO_BUNDLES
        return await self._catalogue.made_of(skus, inquiry)

    def promises_changed(self) -> None:
        """Something was held or released in this process."""
        if self._promised is not None:
            self._promised.changed()

    async def at(
        self,
        skus: Collection[Sku],
        places: Places,
        inquiry: Inquiry,
        *,
        max_age: timedelta | None = None,
        holder: str | None = None,
    ) -> Mapping[Sku, Spread]:
        """Every SKU at every location; a silent upstream makes it UNKNOWN or STALE, never zero.

        What we have promised is not counted, but for what the `holder` holds.

        Raises:
            InvalidInputError: that is more than one answer holds.
        """
        _check(skus, places, most=MOST_SPOTS)
        spreads = await self._free(skus, places, inquiry, max_age, holder=holder)
        if len(skus) * len(places.all) > MANY:
            await asyncio.sleep(0)
        return spreads

    async def together(
        self,
        skus: Collection[Sku],
        places: Places,
        inquiry: Inquiry,
        *,
        global_buffer: int,
        holder: str | None = None,
    ) -> Mapping[Sku, Aggregate]:
        """What can be sold of each SKU over the places together, to the `holder` or to anybody.

        Raises:
            InvalidInputError: that is more than one answer sums up.
        """
        _check(skus, places, most=MOST_SUMMED)
        at = await self._free(skus, places, inquiry, holder=holder)
        found, summed = {}, 0
        for sku, spread in at.items():
            summed += len(spread.parts)
            if summed > MANY_AT_HAND:
                await asyncio.sleep(0)
                summed = 0
            found[sku] = spread.together(global_buffer=global_buffer)
        return found

    async def _free(
        self,
        skus: Collection[Sku],
        places: Places,
        inquiry: Inquiry,
        max_age: timedelta | None = None,
        *,
        holder: str | None,
    ) -> Mapping[Sku, Spread]:
        """What the upstreams say, less what we have promised; bundles out of their components."""
        made_of = await self.made_of(skus, inquiry)
        if not made_of:
            return await self._own(skus, places, inquiry, max_age, holder=holder)
        own = with_components(skus, made_of)
        found = await self._own(own, places, inquiry, max_age, holder=holder)
        spreads, made = {}, 0
        for sku in skus:
            if (components := made_of.get(sku)) is None:
                spreads[sku] = found[sku]
                continue
            known = self._bundled.get((sku, places.codes))
            spread = spreads[sku] = bundled(sku, components, found, known)
            if spread is known:
                continue
            self._bundled[sku, places.codes] = spread
            made += len(spread.parts) * len(components)
            if made > MANY:
                await asyncio.sleep(0)
                made = 0
        return spreads

    async def _own(
        self,
        skus: Collection[Sku],
        places: Places,
        inquiry: Inquiry,
        max_age: timedelta | None = None,
        *,
        holder: str | None,
    ) -> Mapping[Sku, Spread]:
        """The same for what has stock of its own."""
        if self._promised is None or not skus:
            return await self._at(skus, places, inquiry, max_age)
        spreads: Mapping[Sku, Spread] = await self._at(skus, places, inquiry, max_age)
        if self._projected is not None and max_age is None:
            spreads = await self._projected.filled(spreads)
        promised = await self._promised.of(
            skus, holder=holder, report=inquiry.report, anew=max_age == NOW
        )
        if promised:
            return {sku: spread.less(promised.get(sku)) for sku, spread in spreads.items()}
        return spreads

    async def _at(
        self,
        skus: Collection[Sku],
        places: Places,
        inquiry: Inquiry,
        max_age: timedelta | None = None,
    ) -> Mapping[Sku, Spread]:
        sources = self._sources(places)
        asked = [  # all of them, before any is waited for
            self._readers[source].read(skus, codes, inquiry, max_age=max_age)
            for source, codes in sources.items()
        ]
        read = [await one for one in asked]
        if not read:
            return {sku: spread_over(sku, places, sources, []) for sku in skus}
        first, *others = read
        kept: tuple[object, Together[Sku, Spread]] | None = first.faces.get(places.codes)
        if kept is not None and kept[0] == others:
            return kept[1]
        spreads, made = {}, 0
        for sku in skus:
            shelf = first[sku]
            beside = [shelves[sku] for shelves in others] if others else []
            known: Spread | None = shelf.faces.get(places.codes)
            if known is None or known.beside != beside:  # made once for the same shelves
                made += len(places.all)
                if made > MANY:  # that is long enough for the others
                    await asyncio.sleep(0)
                    made = 0
                known = spread_over(sku, places, sources, [shelf, *beside])
                shelf.faces.keep(places.codes, known)
            spreads[sku] = known
        together = Together(spreads)
        first.faces.keep(places.codes, (others, together))
        return together

    def _sources(self, places: Places) -> Mapping[str, Codes]:
        """Who knows the stock of which of the places."""
        return places.faces.kept("sources", lambda: self._by_source(places.codes))

    def _by_source(self, locations: Codes) -> Mapping[str, Codes]:
        by_source: dict[str, list[LocationCode]] = {}
        for code in locations:
            if (source := self._source_of(code)) is not None:
                by_source.setdefault(source, []).append(code)
        return {source: tuple(codes) for source, codes in by_source.items()}

    def _find_holding(
        self, _edition: int, search: Search, methods: frozenset[FulfilmentMethod] | None
    ) -> Places:
        needed = None if methods is None else {NEEDED_SERVICE[method] for method in methods}
        return Places.of(
            place
            for place in self._locations.search(search)
            if (search.codes is not None or self._stocked(place))
            and (needed is None or needed & place.location.services)
        )

    def _find_selling(self, _edition: int, sells_from: tuple[str, ...], *, sent: bool) -> Places:
        return Places.of(
            place
            for place in self._locations.search(Search())
            if self._stocked(place)
            and any(fnmatchcase(place.location.code, pattern) for pattern in sells_from)
            and (not sent or Service.SHIP_FROM in place.location.services)
        )

    def _stocked(self, place: Place) -> bool:
        """Whether anybody is bound to know the stock of a place."""
        return self._source_of(place.location.code) is not None


def _check(skus: Collection[Sku], places: Places, *, most: int) -> None:
    if len(skus) * len(places.all) > most:
        raise InvalidInputError(
            f"{len(skus)} variants at {len(places.all)} locations are more than {most:,}"
            " in one answer: ask for fewer of either.",
            argument="first",
        )
