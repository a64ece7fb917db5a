"""How long does it take to find the best plans of a basket, and how often are they proven so?

In process, on one core, CPU time: stock has been read and offers are at hand; what is measured is
the whole choice: the question, the search, options with emissions, and why others lost. Baskets of
1, 5 and 20 lines over 10, 100 and 500 locations, one in a hundred of them (at least one) a depot
that has nearly everything, the others stores that have half to nearly all of it. At the end quotes
of one line, as on a listing page, by the second. What was there before is frozen, so that a full
collection of garbage (some 70 ms where everything of the gateway is loaded) falls on no basket.
"""

import asyncio
import gc
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from time import process_time
from typing import NamedTuple

from app.availability.model import Availability, FulfilmentMethod, Spot, Spread
from app.locations.hours import Hours
from app.locations.model import Location
from app.ports import Address, StockLevel
from app.promises.capacity import NothingTaken
from app.promises.emissions import factors
from app.promises.model import Destination, Line, Objective
from app.promises.offered import Offers
from app.promises.offers import Offering
from app.promises.quoting import Basket, Moment, Quoting, Target
from app.promises.ranking import Preference
from app.promises.stock import Seen, seen
from app.settings import Promises
from app.upstream.readings import Reading
from app.upstream.report import Freshness
from app.values import CountryCode, GeoPoint, LocationCode, LocationKind, LocationService, Sku
from tests.promises.worlds import RULES

LINES, LOCATIONS, BASKETS = (1, 5, 20), (10, 100, 500), 200
NOW = int(datetime(2026, 11, 23, 9, tzinfo=UTC).timestamp())
HOME = Target(method=FulfilmentMethod.SHIP_TO_HOME)
PRICES = {
    "parcel": [[1000, 4.2], [2000, 4.6], [5000, 5.9], [10000, 7.8], [30000, 12.4]],
    "tomorrow": [[1000, 8.9], [3000, 10.5], [10000, 15.8], [30000, 24.0]],
}


class Shop(NamedTuple):
    """A retailer of so many locations."""

    quoting: Quoting
    places: list[Location]
    offers: Offers


def shop(locations: int) -> Shop:
    """Locations over Italy, three services each."""
    dice = Random(locations)
    rules = {**RULES, "carriers": carriers(), "workplaces": workplaces(), "unit_grams": {"*": 500}}
    offering = Offering(Promises.model_validate(rules), factors(), NothingTaken())
    area = offering.geography.area(Destination(CountryCode("IT"), "20100"))
    assert area is not None
    places = [place(dice, number, locations) for number in range(locations)]
    return Shop(Quoting(offering), places, offering.delivery(places, area, NOW))


def carriers() -> dict[str, object]:
    """The two services of the tests, and a faster one of another carrier."""
    services = RULES["carriers"]["post"]["services"]
    lane = {"origins": ["IT"], "to": ["IT"]}
    slow = {**services["parcel"], "lanes": [lane | {"days": [1, 3], "prices": PRICES["parcel"]}]}
    fast = {
        **services["tomorrow"],
        "lanes": [lane | {"days": [1, 1], "prices": PRICES["tomorrow"]}],
    }
    between = {
        **services["parcel"],
        "line_haul": "road.van",
        "lanes": [lane | {"days": [1, 2], "prices": PRICES["parcel"][1:]}],
    }
    return {
        "post": {"services": {"parcel": slow, "tomorrow": fast}},
        "other": {"services": {"between": between}},
    }


def workplaces() -> dict[str, object]:
    """Depots work faster and cheaper than stores."""
    return {
        "DC*": {"preparation": "PT2H", "handling": "0.90"},
        "*": {"preparation": "PT4H", "handling": "2.40"},
    }


def place(dice: Random, number: int, of: int) -> Location:
    """A depot, or a store."""
    depot = number < max(1, of // 100)
    hours = "Mo-Fr 06:00-20:00; PH off" if depot else "Mo-Sa 10:00-19:30; PH off"
    country = CountryCode("IT")
    return Location(
        code=LocationCode(f"{'DC' if depot else 'ST'}-{number}"),
        name=str(number),
        kind=LocationKind.ECOM_DC if depot else LocationKind.STORE,
        address=Address(country=country),
        position=GeoPoint(dice.uniform(38, 46.5), dice.uniform(8, 17)),
        hours=Hours(expression=hours, time_zone="Europe/Rome", country=country),
        services=frozenset(LocationService),
        phone=None,
        source=None,
    )


def basket(dice: Random, lines: int) -> Basket:
    """Mostly one unit of each."""
    wanted = tuple(Line(Sku(f"S{n:02}"), dice.choice((1, 1, 1, 2))) for n in range(lines))
    grams = tuple(dice.choice((200, 350, 600, 900)) for _ in wanted)
    return Basket(lines=wanted, grams=grams, goods=Decimal(100), currency="EUR")


def stock(dice: Random, of: Basket, places: list[Location]) -> Seen:
    """What stands where."""
    spreads: dict[Sku, list[Availability]] = {line.sku: [] for line in of.lines}
    for one in places:
        depot = one.kind is LocationKind.ECOM_DC
        share, most = (0.97, 60) if depot else (dice.uniform(0.5, 0.95), 9)
        for line in of.lines:
            units = dice.randint(1, most) if dice.random() < share else 0
            spreads[line.sku].append(held(Spot(line.sku, one.code), units))
    codes = [one.code for one in places]
    read = {sku: Spread(tuple(parts)) for sku, parts in spreads.items()}
    return seen(of.lines, codes, read, global_buffer=0)


def held(spot: Spot, units: int) -> Availability:
    """So many units, read now."""
    now = datetime.fromtimestamp(NOW, UTC)
    level = StockLevel(sku=spot.sku, location=spot.location, on_hand=units, as_of=now)
    return Availability.of(spot, Reading(level, now, Freshness.LIVE, "shop"))


def measured(at: Shop, lines: int) -> tuple[list[float], list[int | None]]:
    """Seconds of each basket, and the gap of its answer."""
    seconds, gaps = [], []
    for seed in range(BASKETS):
        dice = Random(seed)
        wanted = basket(dice, lines)
        seen = stock(dice, wanted, at.places)
        start = process_time()
        choice = at.quoting.choice(wanted, HOME, Moment(at.offers, seen, NOW))
        seconds.append(process_time() - start)
        gaps.append(choice.gap)
    return sorted(seconds), gaps


def told(seconds: list[float], gaps: list[int | None]) -> str:
    """What was measured, in words."""
    median, late = seconds[len(seconds) // 2] * 1e3, seconds[int((len(seconds) - 1) * 0.99)] * 1e3
    left = sorted(gap for gap in gaps if gap is not None)
    exact = f"exact {1 - len(left) / len(gaps):4.0%}"
    gap = f"{left[len(left) // 2] / 1e4:.1f} %, {left[-1] / 1e4:.1f} %" if left else "-"
    return f"p50 {median:7.2f}  p99 {late:7.2f}  {exact}  gap {gap}"


def quotes(at: Shop) -> float:
    """Quotes of one line a second: the preferred option, as a listing page shows it."""
    preference = Preference((Objective.COST, Objective.SPEED, Objective.EMISSIONS))
    seconds = 0.0
    for seed in range(BASKETS):
        dice = Random(seed)
        wanted = basket(dice, 1)
        now = Moment(at.offers, stock(dice, wanted, at.places), NOW)
        start = process_time()
        at.quoting.best(wanted, HOME, now, preference)
        seconds += process_time() - start
    return BASKETS / seconds


async def main() -> None:
    """Measure and print."""
    print("Promises: CPU of a choice, ms; share proven exact; gap of the others (median, worst)")
    for locations in LOCATIONS:
        at = shop(locations)
        gc.collect()
        gc.freeze()
        for lines in LINES:
            seconds, gaps = measured(at, lines)
            print(f"  {lines:2} lines {locations:3} locations: {told(seconds, gaps)}")
        print(f"  one-line quotes a second, {locations} locations: {quotes(at):,.0f}")


if __name__ == "__main__":
    asyncio.run(main())
