"""Specimens: a connector's upstream in miniature, for the conformance suites.

A connector's `specimen.py` holds `SPECIMENS`. The suites serve `app` over real HTTP on loopback,
connect to it through the gateway's guarded client, ask every port, and then break the wire in every
way of the failure menu.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson

from app.ports import ProductKey
from app.values import Channel, ChannelCode, CountryCode, CurrencyCode, Locale, LocationCode, Sku

Asgi = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]
Exchange = Mapping[str, Any]
Rewrite = Callable[[bytes], bytes]

SHOP_CHANNEL = Channel(
    code=ChannelCode("WEB"),
    currency=CurrencyCode("EUR"),
    country=CountryCode("IT"),
    locale=Locale("en"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One configured connection, its miniature upstream, and questions it can answer.

    `settings` are those of the connection without `url`. Every SKU, location and product key named
    here is known to the upstream; each port declared for the specimen answers at least one row.
    The suites also ask for keys nobody knows; the app answers those as the vendor does.

    `rewrites` replace the generic ones of the failures `empty` and `duplicate` (every row left out,
    every row sent twice) for answers that are not JSON or whose rows are not objects in a list.
    """

    label: str
    app: Callable[[], Asgi]
    settings: Mapping[str, Any]
    ports: frozenset[str]
    skus: tuple[Sku, ...] = ()
    locations: Mapping[LocationCode, str] = field(default_factory=dict)
    product_keys: tuple[ProductKey, ...] = ()
    channel: Channel = SHOP_CHANNEL
    rewrites: Mapping[Literal["empty", "duplicate"], Rewrite] = field(default_factory=dict)


def recorded(folder: Path) -> list[Exchange]:
    """Exchanges recorded from the vendor, one JSON file each, in order of file name."""
    return [orjson.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))]
