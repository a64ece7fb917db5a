"""The connector, asking a real Vendure 3.7."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.errors import InvalidInputError, UpstreamUnauthorized
from app.ports import (
    Location,
    ProductKey,
    ProductQuery,
    ProductSort,
    WireRequest,
    WireResponse,
    Wiring,
)
from app.upstream.client import ClientPolicy, GuardedHttp, open_client
from app.values import (
    Channel,
    ChannelCode,
    CountryCode,
    CurrencyCode,
    Locale,
    LocationCode,
    Money,
    Sku,
)
from connectors.vendure import Settings, connect
from connectors.vendure.connection import VendureConnection
from tests.real.assortment import ARTICLES, ASSORTMENT, DEPOT
from tests.real.vendure.server import VendureServer
from tests.real.vendure.visitors import Visitor, administrator, buy

pytestmark = pytest.mark.xdist_group("real")

PATIENT = ClientPolicy(timeout=timedelta(seconds=30))  # a machine may be busy
OUTLET, POPUP = LocationCode("OUT-NOV"), LocationCode("Pop-up Milano")
LOCATIONS = {LocationCode(DEPOT): "E-commerce depot", OUTLET: "2"}
EVERYWHERE = [LocationCode(DEPOT), OUTLET, POPUP]
SKUS = [Sku(article.sku) for article in ARTICLES]
WEB = Channel(
    code=ChannelCode("WEB"),
    currency=CurrencyCode("EUR"),
    country=CountryCode("IT"),
    locale=Locale("en"),
)
RETAIL = Channel(
    code=ChannelCode("RETAIL"),
    currency=CurrencyCode("EUR"),
    country=CountryCode("IT"),
    locale=Locale("it"),
)
YEN = Channel(
    code=ChannelCode("WEB"),
    currency=CurrencyCode("JPY"),
    country=CountryCode("IT"),
    locale=Locale("en"),
)


class Counted:
    """The guarded client, remembering what was sent."""

    def __init__(self, http: GuardedHttp) -> None:
        self._http = http
        self.sent: list[WireRequest] = []

    async def send(self, request: WireRequest) -> WireResponse:
        self.sent.append(request)
        return await self._http.send(request)

    def count(self, operation: str) -> int:
        return sum(request.operation == operation for request in self.sent)


@asynccontextmanager
async def connected(
    server: VendureServer, **changes: object
) -> AsyncIterator[tuple[VendureConnection, Counted]]:
    given = {
        "url": server.url,
        "username": server.username,
        "password": server.password,
        "languages": ["en", "it"],
        "gtin_field": "gtin",
        "channel_tokens": {"RETAIL": "retail-channel"},
    }
    settings = Settings.model_validate(given | changes)
    async with open_client("vendure", server.url, policy=PATIENT) as http:
        counted = Counted(http)
        wiring = Wiring(
            name="vendure", http=counted, now=lambda: datetime.now(UTC), locations=LOCATIONS
        )
        yield connect(settings, wiring), counted


def a_query(**changes: object) -> ProductQuery:
    given: dict[str, object] = {"first": 10, "locale": Locale("en")}
    return ProductQuery(**(given | changes))  # type: ignore[arg-type]  # keyword builder


async def handles(connection: VendureConnection, **changes: object) -> list[str]:
    page = await connection.browse(a_query(**changes))
    assert page.total == len(page.edges)
    return [edge.product.handle for edge in page.edges]


async def test_products_are_found_by_handle_sku_and_id_in_both_languages(
    server: VendureServer,
) -> None:
    keys = [
        ProductKey("handle", "trail-runner"),
        ProductKey("sku", "JACKET-M"),
        ProductKey("sku", "JACKET-L"),
        ProductKey("id", "3"),
        ProductKey("id", "99"),
        ProductKey("handle", "nothing"),
    ]

    async with connected(server) as (connection, http):
        answer = await connection.products(keys)

    found = {product.handle: product for product in answer.rows}
    assert answer.rejected == ()
    assert len(answer.rows) == len(found) == len(ASSORTMENT)
    for line in ASSORTMENT:
        product = found[line.handle]
        assert dict(product.name) == line.name
        assert dict(product.description) == line.description
        assert product.brand == "Northway"
        told = [(v.sku, v.gtin, v.options[0].value[Locale("en")]) for v in product.variants]
        assert told == [(a.sku, a.gtin, a.option) for a in line.articles]
    assert [http.count("log-in"), http.count("products")] == [1, 1]


async def test_what_is_switched_off_is_not_shown_and_private_collections_are_not_told(
    server: VendureServer,
) -> None:
    keys = [ProductKey("sku", "SECRET-42"), ProductKey("handle", "secret-boot")]
    async with connected(server) as (connection, _):
        unreleased = await connection.products([*keys, ProductKey("sku", "JACKET-XXL")])
        jacket = await connection.products([ProductKey("sku", "JACKET-S")])
        priced = await connection.prices([Sku("JACKET-XXL"), Sku("SECRET-42")], channel=WEB)

    assert unreleased.rows == ()
    assert priced.rows == ()
    assert [category.handle for category in jacket.rows[0].categories] == ["outerwear"]
    assert dict(jacket.rows[0].categories[0].name) == {"en": "Outerwear", "it": "Capispalla"}


async def test_a_listing_read_one_by_one_shows_every_product_once(
    changing: VendureServer,
) -> None:
    boss = administrator(changing)
    for number in range(7):
        boss.ask(
            """mutation($slug: String!) { createProduct(input: { translations: [
                 { languageCode: en, name: "Twin", slug: $slug, description: "" }] }) { id } }""",
            {"slug": f"twin-{number % 3}"},
        )
    boss.close()
    async with connected(changing) as (connection, _):
        for sort in ProductSort:
            seen = await one_by_one(connection, sort)
            whole = await connection.browse(a_query(first=50, sort=sort))

            assert seen == [edge.product.id for edge in whole.edges]
            assert len(set(seen)) == len(seen) == 10


async def one_by_one(connection: VendureConnection, sort: ProductSort) -> list[str]:
    seen: list[str] = []
    after, has_next = None, True
    while has_next:
        page = await connection.browse(a_query(first=1, after=after, sort=sort))
        seen += [edge.product.id for edge in page.edges]
        after, has_next = page.edges[-1].cursor, page.has_next
    return seen


async def test_listings_follow_language_category_and_words(server: VendureServer) -> None:
    it = Locale("it-CH")
    async with connected(server) as (connection, _):
        assert await handles(connection) == ["rain-jacket", "trail-runner", "water-bottle"]
        assert await handles(connection, locale=it) == [
            "water-bottle",
            "rain-jacket",
            "trail-runner",
        ]
        assert await handles(connection, category="footwear") == ["trail-runner"]
        assert await handles(connection, category="2", search="shoe") == ["trail-runner"]
        assert await handles(connection, search="scarpa", locale=it) == ["trail-runner"]
        assert await handles(connection, search="scarpa") == []
        assert await handles(connection, search="rain") == ["rain-jacket"]
        assert await handles(connection, search="rain", sort=ProductSort.NEWEST) == ["rain-jacket"]
        assert await handles(connection, category="no-such") == []
        assert await handles(connection, category="staff-picks") == []


async def test_a_cursor_of_another_listing_is_not_taken(server: VendureServer) -> None:
    async with connected(server) as (connection, _):
        page = await connection.browse(a_query(first=1))

        with pytest.raises(InvalidInputError) as refusal:
            await connection.browse(a_query(after=page.edges[0].cursor, search="rain"))

    assert refusal.value.argument == "after"


async def test_prices_are_exact_without_tax_on_the_web_and_with_tax_in_retail(
    server: VendureServer,
) -> None:
    async with connected(server) as (connection, http):
        web = await connection.prices(SKUS, channel=WEB)
        retail = await connection.prices([Sku("TRAIL-40")], channel=RETAIL)
        yen = await connection.prices(SKUS, channel=YEN)

    euro = CurrencyCode("EUR")
    assert {price.sku: (price.amount, price.tax_included) for price in web.rows} == {
        article.sku: (Money(Decimal(article.price), euro), False) for article in ARTICLES
    }
    assert [(price.amount, price.tax_included) for price in retail.rows] == [
        (Money(Decimal("120.78"), euro), True)
    ]
    assert yen.rows == ()
    assert yen.rejected == ()
    assert http.count("prices") == 3


async def test_stock_stands_at_three_locations_under_our_codes(server: VendureServer) -> None:
    async with connected(server) as (connection, http):
        answer = await connection.stock_levels(SKUS, EVERYWHERE)
        depot = await connection.stock_levels([Sku("TRAIL-44")], [LocationCode(DEPOT)])

    assert answer.rejected == ()
    expected = {}
    for line in ASSORTMENT:
        for place, article in enumerate(line.articles):
            expected[article.sku, DEPOT] = article.depot
            expected[article.sku, OUTLET] = article.depot + 100 + place
            expected[article.sku, POPUP] = article.depot + 200 + place
    assert {(level.sku, level.location): level.on_hand for level in answer.rows} == expected
    assert [(level.sku, level.location, level.on_hand) for level in depot.rows] == [
        ("TRAIL-44", DEPOT, 0)
    ]
    assert abs((answer.as_of - datetime.now(UTC)).total_seconds()) < 60
    assert http.count("stock-levels") == 2


async def test_more_skus_than_vendure_lists_at_once_are_asked_for_in_two_calls(
    server: VendureServer,
) -> None:
    many = [*SKUS, *(Sku(f"NOBODY-{number}") for number in range(1000))]

    async with connected(server) as (connection, http):
        levels = await connection.stock_levels(many, EVERYWHERE)
        prices = await connection.prices(many, channel=WEB)
        products = await connection.products([ProductKey("sku", sku) for sku in many])

    assert [len(levels.rows), len(prices.rows), len(products.rows)] == [21, 7, 3]
    calls = [http.count(operation) for operation in ("stock-levels", "prices", "products")]
    assert calls == [2, 2, 2]


async def test_locations_are_told_under_our_codes(server: VendureServer) -> None:
    async with connected(server) as (connection, _):
        answer = await connection.locations()

    assert answer.rows == (
        Location(code=LocationCode(DEPOT), name="E-commerce depot"),
        Location(code=OUTLET, name="Outlet Noventa"),
        Location(code=POPUP, name="Pop-up Milano"),
    )


async def test_a_sale_is_seen_in_the_next_read_though_the_variant_looks_untouched(
    server: VendureServer,
) -> None:
    bottle, boss = Sku("BOTTLE"), administrator(server)
    before = _variant(boss, bottle)
    async with connected(server) as (connection, _):
        first = await connection.stock_levels([bottle], EVERYWHERE)

        buy(server, before["id"], 3)

        second = await connection.stock_levels([bottle], EVERYWHERE)
    assert _variant(boss, bottle) == before
    boss.close()
    assert [(level.on_hand, level.reserved) for level in first.rows] == [
        (200, 0),
        (300, 0),
        (400, 0),
    ]
    assert [(level.location, level.on_hand, level.reserved) for level in second.rows] == [
        (DEPOT, 200, 3),
        (OUTLET, 300, 0),
        (POPUP, 400, 0),
    ]


async def test_thresholds_and_uncounted_stock_follow_shop_and_variant(
    changing: VendureServer,
) -> None:
    boss = administrator(changing)
    variants = {
        row["sku"]: row["id"]
        for row in boss.ask("{ productVariants { items { id sku } } }")["productVariants"]["items"]
    }
    boss.ask("mutation { updateGlobalSettings(input: { outOfStockThreshold: 4 }) { __typename } }")
    boss.ask(
        "mutation($i: [UpdateProductVariantInput!]!) { updateProductVariants(input: $i) { id } }",
        {
            "i": [
                {"id": variants["TRAIL-42"], "trackInventory": "FALSE"},
                {
                    "id": variants["TRAIL-44"],
                    "useGlobalOutOfStockThreshold": False,
                    "outOfStockThreshold": -5,
                },
            ]
        },
    )
    boss.close()
    skus = [Sku("TRAIL-40"), Sku("TRAIL-42"), Sku("TRAIL-44")]

    async with connected(changing) as (connection, _):
        answer = await connection.stock_levels(skus, [LocationCode(DEPOT)])

    assert [(level.sku, level.on_hand, level.safety_stock) for level in answer.rows] == [
        ("TRAIL-40", 5, 4),
        ("TRAIL-44", 0, 0),
    ]


async def test_a_wrong_password_is_tried_once_whatever_is_asked(server: VendureServer) -> None:
    async with connected(server, password="not-this-one") as (connection, http):
        for _ in range(3):
            with pytest.raises(UpstreamUnauthorized):
                await connection.stock_levels(SKUS, EVERYWHERE)

    assert [request.operation for request in http.sent] == ["log-in"]


async def test_a_session_that_vendure_has_ended_is_renewed_once(server: VendureServer) -> None:
    async with connected(server) as (connection, http):
        await connection.locations()
        used = http.sent[-1].headers["authorization"]
        log_out = b'{"query": "mutation { logout { success } }"}'
        await http.send(
            WireRequest(
                operation="log-out",
                method="POST",
                path="admin-api",
                safe=False,
                headers={"content-type": "application/json", "authorization": used},
                body=log_out,
            )
        )

        answer = await connection.locations()

    assert len(answer.rows) == 3
    assert [request.operation for request in http.sent] == [
        "log-in",
        "stock-locations",
        "log-out",
        "stock-locations",
        "log-in",
        "stock-locations",
    ]


async def test_the_right_to_read_the_catalogue_is_enough_and_without_it_no_log_in_helps(
    server: VendureServer,
) -> None:
    boss = administrator(server)
    _hire(boss, "reader@example.com", ["ReadCatalog"])
    _hire(boss, "narrow@example.com", ["ReadCustomer"])
    boss.close()

    async with connected(server, username="reader@example.com", password="secret-1") as (
        connection,
        _,
    ):
        assert len((await connection.stock_levels(SKUS, EVERYWHERE)).rows) == 21
        assert len((await connection.prices(SKUS, channel=WEB)).rows) == 7
        assert len((await connection.locations()).rows) == 3
        assert len((await connection.browse(a_query())).edges) == 3
    async with connected(server, username="narrow@example.com", password="secret-1") as (
        connection,
        http,
    ):
        for _ in range(2):
            with pytest.raises(UpstreamUnauthorized, match="may not stock-locations"):
                await connection.locations()
    assert http.count("log-in") == 1


async def test_an_api_key_opens_the_same_doors(server: VendureServer) -> None:
    boss = administrator(server)
    roles = boss.ask("{ roles { items { id code } } }")["roles"]["items"]
    everything = [role["id"] for role in roles if role["code"] == "__super_admin_role__"]
    made = boss.ask(
        "mutation($i: CreateApiKeyInput!) { createApiKey(input: $i) { apiKey } }",
        {
            "i": {
                "roleIds": everything,
                "translations": [{"languageCode": "en", "name": "gateway"}],
            }
        },
    )
    boss.close()
    by_key = {"username": None, "password": None}

    async with connected(server, **by_key, api_key=made["createApiKey"]["apiKey"]) as (
        connection,
        http,
    ):
        assert len((await connection.locations()).rows) == 3
    assert http.count("log-in") == 0
    async with connected(server, **by_key, api_key="not-a-key") as (connection, _):
        with pytest.raises(UpstreamUnauthorized):
            await connection.locations()


def _variant(boss: Visitor, sku: Sku) -> dict[str, str]:
    asked = """query($sku: String!) {
      productVariants(options: { filter: { sku: { eq: $sku } } }) { items { id updatedAt } }
    }"""
    found: list[dict[str, str]] = boss.ask(asked, {"sku": sku})["productVariants"]["items"]
    return found[0]


def _hire(boss: Visitor, email: str, permissions: list[str]) -> None:
    ask = boss.ask
    role = ask(
        "mutation($i: CreateRoleInput!) { createRole(input: $i) { id } }",
        {"i": {"code": email, "description": email, "permissions": permissions}},
    )["createRole"]["id"]
    ask(
        "mutation($i: CreateAdministratorInput!) { createAdministrator(input: $i) { id } }",
        {
            "i": {
                "emailAddress": email,
                "firstName": "R",
                "lastName": "W",
                "password": "secret-1",
                "roleIds": [role],
            }
        },
    )
