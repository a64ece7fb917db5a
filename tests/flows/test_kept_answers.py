"""What was made for one caller and kept is right for the next one, too."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.ports import Category, Image, VariantOption
from app.values import GeoPoint, LocationCode, Texts
from tests.builders import NOON, a_level, a_location, a_price, a_product, a_variant
from tests.gateways import Retailer, gateway_over

KEPT = {
    name: {"fresh_for": "PT1M", "if_error_for": "PT1M"} for name in ("stock", "prices", "catalogue")
}
SIZE = VariantOption(name=Texts({"en": "Size", "it": "Taglia"}), value=Texts({"en": "M"}))
FRONT = Image(url="https://images.example/1.jpg", alt=Texts({"en": "Front", "it": "Davanti"}))
SHIRT = a_product(
    categories=(Category(id="7", handle="c", name=Texts({"en": "Shirts", "it": "Camicie"})),),
    images=(FRONT,),
    variants=(a_variant(options=(SIZE,), images=(FRONT,)),),
)
TEXTS = """fragment Told on Product {
    name locale categories { name } images { alt }
    variants { name options { name } images { alt } product { name } }
}"""
PRODUCT = "query Q($locale: Locale) { product(handle: $h, locale: $locale) { ...Told } }".replace(
    "$h", '"shirt"'
)
LISTING = "query Q($locale: Locale) { products(locale: $locale) { edges { node { ...Told } } } }"
WORDS = {
    "en": ("Shirt", "Shirts", "Front", "Shirt SHIRT-M", "Size"),
    "it": ("Camicia", "Camicie", "Davanti", "Camicia SHIRT-M", "Taglia"),
}


PAGE = """{
  products(first: 2) {
    totalCount
    edges { cursor node {
      name asOf images(first: 1) { url }
      variants(first: 1) { sku price { amount { amount } } availability { availableToSell } }
    } }
  }
}"""


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


def told(locale: str) -> dict[str, Any]:
    name, category, alt, variant, option = WORDS[locale]
    return {
        "name": name,
        "locale": locale,
        "categories": [{"name": category}],
        "images": [{"alt": alt}],
        "variants": [
            {
                "name": variant,
                "options": [{"name": option}],
                "images": [{"alt": alt}],
                "product": {"name": name},
            }
        ],
    }


async def test_each_caller_is_told_in_a_language_of_their_own() -> None:
    async with gateway_over({"shop": Retailer(known_products=[SHIRT])}, freshness=KEPT) as ask:
        for locale in ("en", "it", "en", "de", "it", "en"):
            expected = told({"de": "it"}.get(locale, locale))  # the channel's, where there is none
            one = await ask.data(f"{PRODUCT} {TEXTS}", locale=locale)
            several = await ask.data(f"{LISTING} {TEXTS}", locale=locale)
            assert one["product"] == expected
            assert several["products"]["edges"] == [{"node": expected}]


async def test_accepted_languages_make_a_difference_only_where_something_is_written_in_them() -> (
    None
):
    async with gateway_over({"shop": Retailer(known_products=[SHIRT])}, freshness=KEPT) as ask:
        for accepted, locale in [
            ("fr, en", "en"),
            ("fr, de, it", "it"),
            ("fr, es, en;q=0.5", "en"),
        ]:
            ask.http.headers["accept-language"] = accepted
            assert (await ask.data(f"{PRODUCT} {TEXTS}"))["product"] == told(locale)


async def test_each_caller_is_told_how_far_it_is_from_them() -> None:
    shop = Retailer(
        known_locations=[
            a_location("ST-MIL", position=GeoPoint(45.4642, 9.19)),
            a_location("ST-ROM", position=GeoPoint(41.9028, 12.4964)),
        ],
        levels=[
            a_level(location=LocationCode("ST-MIL"), on_hand=1),
            a_level(location=LocationCode("ST-ROM"), on_hand=2),
        ],
    )
    query = """query Q($near: GeoPointInput) { variants(skus: ["SHIRT-M"]) {
                 availability(near: $near) { location { code distanceKm } onHand } } }"""
    milan, rome = {"latitude": 45.4642, "longitude": 9.19}, {"latitude": 41.9028, "longitude": 12.5}
    async with gateway_over({"shop": shop}, freshness=KEPT) as ask:
        found = [
            (await ask.data(query, near=near))["variants"][0]["availability"]
            for near in (milan, rome, None, milan)
        ]

    assert [[(at["location"]["code"], at["onHand"]) for at in one] for one in found] == [
        [("ST-MIL", 1), ("ST-ROM", 2)],
        [("ST-ROM", 2), ("ST-MIL", 1)],
        [("ST-MIL", 1), ("ST-ROM", 2)],
        [("ST-MIL", 1), ("ST-ROM", 2)],
    ]
    distances = [[at["location"]["distanceKm"] for at in one] for one in found]
    here, there = GeoPoint(45.4642, 9.19), GeoPoint(41.9028, 12.4964)
    between = round(here.distance_km(there), 3)
    shopper = GeoPoint(41.9028, 12.5)
    from_rome = [round(shopper.distance_km(place), 3) for place in (there, here)]
    assert distances == [[0.0, between], from_rome, [None, None], [0.0, between]]


async def test_what_is_newer_takes_the_place_of_what_was_made_before() -> None:
    clock = Clock()
    shop = Retailer(levels=[a_level(on_hand=5)], known_prices=[a_price(amount="10.00")])
    query = """{ variants(skus: ["SHIRT-M"]) { price { amount { amount } freshness }
        availability { availableToSell freshness } availableToSell { availableToSell } } }"""
    async with gateway_over({"shop": shop}, now=clock, freshness=KEPT) as ask:
        first, kept = await ask.data(query), await ask.data(query)
        shop.levels, shop.known_prices = [a_level(on_hand=3)], [a_price(amount="9.00")]
        still = await ask.data(query)
        clock.now += timedelta(minutes=2)
        newer = await ask.data(query)

    def answer(quantity: int, amount: str, freshness: str) -> dict[str, Any]:
        return {
            "price": {"amount": {"amount": amount}, "freshness": freshness},
            "availability": [{"availableToSell": quantity, "freshness": freshness}],
            "availableToSell": {"availableToSell": quantity},
        }

    assert [one["variants"] for one in (first, kept, still, newer)] == [
        [answer(5, "10.00", "LIVE")],
        [answer(5, "10.00", "CACHED")],
        [answer(5, "10.00", "CACHED")],
        [answer(3, "9.00", "LIVE")],
    ]


async def test_a_page_that_is_told_again_tells_what_has_changed_on_it() -> None:
    clock = Clock()
    brief = {"fresh_for": "PT1M", "revalidate_for": "PT0S"}
    kept = {"catalogue": {"fresh_for": "PT1H"}, "prices": brief, "stock": brief}
    shirt = a_product(images=(FRONT, FRONT), variants=(a_variant(), a_variant("SHIRT-L")))
    shop = Retailer(known_products=[shirt])

    def page(quantity: int, amount: str) -> dict[str, Any]:
        variant = {
            "sku": "SHIRT-M",
            "price": {"amount": {"amount": amount}},
            "availability": [{"availableToSell": quantity}],
        }
        node = {
            "name": "Camicia",
            "asOf": NOON.isoformat(),
            "images": [{"url": FRONT.url}],
            "variants": [variant],
        }
        return {"products": {"totalCount": 1, "edges": [{"cursor": "1", "node": node}]}}

    async with gateway_over({"shop": shop}, now=clock, freshness=kept) as ask:
        for quantity, amount in [(5, "10.00"), (5, "9.00"), (3, "9.00"), (3, "9.00")]:
            shop.levels, shop.known_prices = [a_level(on_hand=quantity)], [a_price(amount=amount)]
            for _ in range(6):
                assert await ask.data(PAGE) == page(quantity, amount)
            clock.now += timedelta(minutes=2)
