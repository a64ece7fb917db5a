"""What the suites of catalogue, prices and locations ask of a healthy upstream."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
from msgspec import structs
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.errors import InvalidInputError
from app.ports import (
    Answer,
    Location,
    Price,
    Product,
    ProductEdge,
    ProductKey,
    ProductPage,
    ProductQuery,
    ProductVariant,
    UpstreamHttp,
    WireRequest,
    WireResponse,
    Wiring,
)
from app.upstream.client import open_client
from app.values import Channel, CurrencyCode, LocationCode, Money, ProductId, Sku, Texts
from connectors.kit.conformance import cases_of, try_case
from connectors.kit.specimen import Asgi
from tests.connectors.kit.tiny import TinySettings, a_manifest, a_specimen, a_subject

PORTS = frozenset({"CatalogSource", "LocationSource", "PriceSource"})
SKUS = {"p1": ("MUG", "MUG-L"), "p2": ("PEN",), "p3": ("TENT",)}
PER_CALL = 10


async def _ping(_request: Request) -> Response:
    return JSONResponse({"rows": [{"id": id_} for id_ in SKUS]})


def app() -> Asgi:
    return cast("Asgi", Starlette(routes=[Route("/products", _ping)]))


@dataclass
class Shop:
    """Fulfils three ports with what it knows, after asking its upstream once."""

    settings: TinySettings
    wiring: Wiring

    async def asked(self) -> WireResponse:
        request = WireRequest(operation="products", method="GET", path="/products", safe=True)
        return await self.wiring.http.send(request)

    def listed(self) -> list[Product]:
        return [a_product(id_, skus) for id_, skus in SKUS.items()]

    async def products(self, keys: Collection[ProductKey]) -> Answer[Product]:
        date = (await self.asked()).date
        wanted = {key.value for key in keys}
        rows = [one for one in self.listed() if {one.id, *(v.sku for v in one.variants)} & wanted]
        return Answer(rows=tuple(rows), as_of=date)

    async def browse(self, query: ProductQuery) -> ProductPage:
        date = (await self.asked()).date
        start = self.start_after(query.after)
        page = self.listed()[start : start + query.first]
        return ProductPage(
            edges=tuple(ProductEdge(one.id, one) for one in page),
            has_next=start + query.first < len(SKUS),
            as_of=date,
        )

    def start_after(self, cursor: str | None) -> int:
        if cursor is None:
            return 0
        if cursor not in SKUS:
            raise InvalidInputError("not a cursor of this listing", argument="after")
        return list(SKUS).index(cursor) + 1

    async def prices(self, skus: Collection[Sku], *, channel: Channel) -> Answer[Price]:
        date = (await self.asked()).date
        known = {sku for skus in SKUS.values() for sku in skus}
        rows = [
            Price(
                sku=sku,
                amount=Money(self.amount(), self.currency(channel)),
                tax_included=True,
                as_of=self.priced_at(date),
            )
            for sku in dict.fromkeys(skus)
            if sku in known
        ]
        return Answer(rows=tuple(rows), as_of=date)

    def amount(self) -> Any:
        return Decimal("9.90")

    def currency(self, channel: Channel) -> CurrencyCode:
        return channel.currency

    def priced_at(self, date: datetime) -> datetime:
        return date

    async def locations(self) -> Answer[Location]:
        date = (await self.asked()).date
        return Answer(rows=(Location(code=LocationCode("MXP-1"), name="North"),), as_of=date)


def a_product(id_: str, skus: Iterable[str]) -> Product:
    variants = tuple(
        ProductVariant(sku=Sku(sku), product_id=ProductId(id_), name=Texts({"en": sku}))
        for sku in skus
    )
    names = Texts({"en": id_})
    return Product(id=ProductId(id_), handle=id_, name=names, description=names, variants=variants)


class LetsStraysIn(Shop):
    async def products(self, keys: Collection[ProductKey]) -> Answer[Product]:
        answer = await super().products(keys)
        return replace(answer, rows=tuple(self.listed()) if answer.rows else ())


class RepeatsVariants(Shop):
    def listed(self) -> list[Product]:
        return [structs.replace(one, variants=one.variants * 2) for one in super().listed()]


class AdoptsVariants(Shop):
    def listed(self) -> list[Product]:
        first, *rest = super().listed()
        return [structs.replace(first, id=ProductId("p0")), *rest]


class StartsOverOnForeignCursors(Shop):
    def start_after(self, cursor: str | None) -> int:
        return super().start_after(cursor) if cursor in SKUS else 0


class StaysOnThePage(Shop):
    def start_after(self, cursor: str | None) -> int:
        return super().start_after(cursor) // 2


class Converts(Shop):
    def currency(self, channel: Channel) -> CurrencyCode:  # noqa: ARG002  as its parent
        return CurrencyCode("USD")


class Rounds(Shop):
    def amount(self) -> Any:
        return 9.9


class KnowsTheFuture(Shop):
    def priced_at(self, date: datetime) -> datetime:
        return date + timedelta(days=1)


class KnowsNoLocation(Shop):
    async def locations(self) -> Answer[Location]:
        return replace(await super().locations(), rows=())


def open_http(url: str) -> AbstractAsyncContextManager[UpstreamHttp]:
    return open_client("shop", url)


async def found(shop: type[Shop], failures: Sequence[str] = ("healthy",)) -> dict[str, list[str]]:
    specimen = a_specimen(
        app=app,
        ports=PORTS,
        skus=(Sku("MUG"), Sku("PEN")),
        product_keys=(ProductKey("sku", "MUG"), ProductKey("id", "p2")),
    )
    freshness = {port: {"by": "pull", "usual_age": "PT5M"} for port in PORTS}
    manifest = a_manifest(
        provides=dict.fromkeys(PORTS, "stable"),
        freshness=freshness,
        limits={"ids_per_call": PER_CALL},
    )
    subject = a_subject(shop, specimen=specimen, manifest=manifest)
    results = [
        await try_case(subject, case, open_http)
        for case in cases_of(subject)
        if case.failure in failures
    ]
    return {
        result.case.port: [finding.reason for finding in result.findings]
        for result in results
        if result.findings
    }


async def test_a_shop_that_tells_the_truth_passes() -> None:
    assert await found(Shop, ("healthy", "batched", "404", "500")) == {}


@pytest.mark.parametrize(
    ("shop", "reasons"),
    [
        (
            LetsStraysIn,
            {"CatalogSource": ["products: 'p3' was not asked for"]},
        ),
        (
            Converts,
            {
                "PriceSource": [
                    "prices: 'MUG' is in USD, the channel's currency is another",
                    "prices: 'PEN' is in USD, the channel's currency is another",
                ]
            },
        ),
        (
            Rounds,
            {
                "PriceSource": [
                    "prices: 'MUG' amount is not an exact decimal",
                    "prices: 'PEN' amount is not an exact decimal",
                ]
            },
        ),
        (
            KnowsTheFuture,
            {
                "PriceSource": [
                    "prices: 'MUG': as_of lies in the future",
                    "prices: 'PEN': as_of lies in the future",
                ]
            },
        ),
        (
            KnowsNoLocation,
            {"LocationSource": ["locations: no row for anything the specimen knows"]},
        ),
        (
            StartsOverOnForeignCursors,
            {
                "CatalogSource": [
                    "browse, with a foreign cursor: an answer of 2 rows; expected InvalidInputError"
                ]
            },
        ),
        (
            StaysOnThePage,
            {"CatalogSource": ["browse, in pages of 2: other rows than in one page"]},
        ),
    ],
)
async def test_a_shop_that_does_not_is_told_what_is_wrong(
    shop: type[Shop], reasons: dict[str, list[str]]
) -> None:
    assert await found(shop) == reasons


@pytest.mark.parametrize(
    ("shop", "reason"),
    [
        (RepeatsVariants, "browse: 'p1' has a variant twice"),
        (AdoptsVariants, "browse: 'p0' has a variant of another product"),
    ],
)
async def test_a_product_that_cannot_be_is_told(shop: type[Shop], reason: str) -> None:
    assert reason in (await found(shop))["CatalogSource"]
