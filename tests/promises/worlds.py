"""A small retailer with a depot and two stores, all of whose numbers can be worked out by hand."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from app.availability.model import FulfilmentMethod
from app.ports import Address, Location
from app.promises.model import Destination, Line
from app.promises.question import Question
from app.promises.service import PromiseService, Sources
from app.promises.tokens import Signer
from app.settings import parse
from app.upstream.deadline import Deadline
from app.upstream.readings import Inquiry
from app.upstream.report import Report
from app.values import (
    Channel,
    ChannelCode,
    CountryCode,
    CurrencyCode,
    GeoPoint,
    Locale,
    LocationCode,
    LocationKind,
    LocationService,
    Sku,
)
from tests.builders import a_level, a_location, a_price, a_product, a_variant
from tests.gateways import Retailer, running_over

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)  # 10:00 in Milan
KEY = "k" * 32
ALL = frozenset(LocationService)
RULES: dict[str, Any] = {
    "split_penalty": "1.50",
    "unit_grams": {"HEAVY*": 3000, "*": 500},
    "workplaces": {
        "DC": {"hours": "Mo-Fr 06:00-20:00; PH off", "preparation": "PT2H", "handling": "1.00"},
        "*": {"preparation": "PT1H", "express_preparation": "PT30M", "handling": "2.00"},
    },
    "transfers": {
        "collects": "Mo-Fr 18:00-18:30; PH off",
        "days": 1,
        "receiving": "PT2H",
        "prices": [[10000, "3.00"]],
    },
    "carriers": {
        "post": {
            "services": {
                "parcel": {
                    "speed": "STANDARD",
                    "collects": "Mo-Fr 17:00-17:30; PH off",
                    "delivers": "Mo-Fr 09:00-18:00; PH off",
                    "fees": {"EUR": "4.90"},
                    "free_from": {"EUR": "200.00"},
                    "lanes": [
                        {
                            "origins": ["IT"],
                            "to": ["IT"],
                            "days": [1, 2],
                            "prices": [[1000, "4.00"], [5000, "6.00"]],
                        },
                        {
                            "origins": ["IT"],
                            "to": ["IT"],
                            "prefixes": ["09"],
                            "days": [3, 5],
                            "prices": [[5000, "7.00"]],
                        },
                    ],
                },
                "tomorrow": {
                    "speed": "NEXT_DAY",
                    "collects": "Mo-Fr 16:00-16:30; PH off",
                    "delivers": "Mo-Sa 08:00-18:00; PH off",
                    "fees": {"EUR": "9.90"},
                    "lanes": [
                        {
                            "origins": ["IT"],
                            "to": ["IT"],
                            "days": [1, 1],
                            "prices": [[5000, "9.00"]],
                        }
                    ],
                },
            }
        }
    },
    "cells": {
        "IT": {
            "country": "IT",
            "prefixes": ["", "09"],
            "latitude": 45.0,
            "longitude": 9.0,
            "time_zone": "Europe/Rome",
        },
        "US": {
            "country": "US",
            "latitude": 40.0,
            "longitude": -100.0,
            "time_zone": "America/Chicago",
        },
    },
}


def a_place(code: str, *, north: float = 45.0, **changes: Any) -> Location:
    return a_location(
        code,
        **{
            "position": GeoPoint(north, 9.0),
            "address": Address(country=CountryCode("IT"), postal_code="20100"),
            "time_zone": "Europe/Rome",
            "opening_hours": "Mo-Sa 10:00-20:00; PH off",
            "services": ALL,
            **changes,
        },
    )


DC = a_place("DC", north=46.0, kind=LocationKind.ECOM_DC, opening_hours=None)
NEAR = a_place("ST-NEAR")
FAR = a_place("ST-FAR", north=44.0)


@dataclass
class Slots:
    """A book of slots that a test writes in."""

    edition: int = 0
    by_location: dict[LocationCode, dict[int, int]] = field(default_factory=dict)

    def has(self, holder: str) -> bool:
        return holder == "holder" and bool(self.by_location)

    def taken(self, location: LocationCode, *, holder: str | None = None) -> Mapping[int, int]:
        """Whoever is called holder has one place of each slot that is taken."""
        orders = self.by_location.get(location, {})
        return {slot: n - (holder == "holder") for slot, n in orders.items()}


@dataclass
class World:
    """Everything a promise depends on; change one thing and ask again."""

    stock: dict[tuple[str, str], int]
    prices: dict[str, str] = field(default_factory=lambda: {"A": "20.00", "B": "30.00"})
    rules: dict[str, Any] = field(default_factory=lambda: deepcopy(RULES))
    slots: Slots = field(default_factory=Slots)
    places: tuple[Location, ...] = (DC, NEAR, FAR)
    postal_code: str = "20100"
    now: datetime = MONDAY
    keys: tuple[str, ...] = (KEY,)
    channel: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = None

    def retailer(self) -> Retailer:
        skus = [*self.prices, "UNPRICED"]
        return Retailer(
            levels=[
                a_level(sku=Sku(sku), location=LocationCode(code), on_hand=n, as_of=self.now)
                for (sku, code), n in self.stock.items()
            ],
            known_products=[a_product(variants=tuple(a_variant(sku) for sku in skus))],
            known_prices=[a_price(sku, amount) for sku, amount in self.prices.items()],
            known_locations=self.places,
            as_of=self.now,
        )

    @asynccontextmanager
    async def service(self) -> AsyncIterator[PromiseService]:
        """The service over this world as it is now."""
        retailer = self.retailer()
        channels = {
            "WEB": {"currency": "EUR", "country": "IT", "locale": "it", **self.channel},
        }
        gateway = await running_over({"shop": retailer}, now=lambda: self.now, channels=channels)
        retailer.error = self.error
        services = gateway.services
        document = gateway.settings.model_dump(mode="json")
        document.pop("budget"), document.pop("redis")
        document["promises"] = self.rules
        sources = Sources(
            availability=services.availability,
            locations=services.locations,
            pricing=services.pricing,
            products=services.products,
        )
        yield PromiseService(
            sources,
            rules=parse(document).promises,
            signer=Signer(self.keys),
            slots=self.slots,
        )
        self.asked = retailer.calls

    def question(self, *lines: tuple[str, int], **changes: Any) -> Question:
        """Something asked of the web shop."""
        settings = parse(
            {
                "connections": {"shop": {"connector": "made-up"}},
                "bind": {"catalogue": "shop", "prices": "shop"},
                "channels": {
                    "WEB": {"currency": "EUR", "country": "IT", "locale": "it", **self.channel}
                },
            }
        )
        return Question(
            **{
                "lines": tuple(Line(Sku(sku), count) for sku, count in lines),
                "channel": CHANNEL,
                "selling": settings.channels["WEB"],
                "methods": (FulfilmentMethod.SHIP_TO_HOME,),
                "destination": Destination(CountryCode("IT"), self.postal_code),
                **changes,
            }
        )


def an_inquiry() -> Inquiry:
    return Inquiry(Deadline.after(timedelta(seconds=5)), Report())


CHANNEL = Channel(
    code=ChannelCode("WEB"),
    currency=CurrencyCode("EUR"),
    country=CountryCode("IT"),
    locale=Locale("it"),
)
