"""What do objects cost that were dressed for an answer, and what becomes of them?"""

import gc
from collections.abc import Iterator
from dataclasses import field
from datetime import timedelta
from decimal import Decimal
from weakref import ref

import msgspec
import orjson
import pytest
import strawberry

from app.api.availability import Availability
from app.api.light import light
from app.api.locations import Dressed
from app.api.pricing import Price
from app.api.products import Product
from app.availability.model import Spread
from app.engine.unchanging import Told, Unchanging
from app.upstream.readings import Faces, Reading, Together
from app.upstream.report import Freshness
from app.values import ChannelCode, Locale, Sku
from tests.builders import NOON, a_price, a_product, a_variant

LATER = NOON + timedelta(minutes=1)


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


class Mark:
    """Gone as soon as what keeps it is."""


@pytest.mark.usefixtures("no_collector")
def test_what_was_answered_waits_for_no_garbage_collector() -> None:
    product = dressed()
    variant = product.variants()[0]
    again = variant.whole.product
    marks = [marked(one.faces) for one in (product, variant, again, again.variants()[0])]
    del product, variant, again
    assert [mark() for mark in marks] == [None] * 4


def test_the_product_of_a_variant_is_told_as_the_one_it_was_reached_from() -> None:
    product = dressed()
    again = product.variants()[0].whole.product
    assert again is not product
    assert again.told is product.told
    assert (again.id, again.name, again.as_of) == (product.id, product.name, NOON)
    assert again is product.variants()[0].whole.product


def test_a_product_told_again_is_of_its_time_and_keeps_what_was_made_of_it() -> None:
    first = dressed()
    images = first.images()
    assert [one.whole.product.as_of for one in first.variants(1)] == [NOON]
    for _ in range(2):
        first.seen("place", {"name": first.name}, 1)
        first.again("frames")
        for variant in first.variants():
            variant.seen("place", {"name": variant.name}, 1)
    second = first.told_again(LATER, Freshness.CACHED)

    assert (first.as_of, first.freshness) == (NOON, Freshness.LIVE)
    assert (second.as_of, second.freshness, second.name) == (LATER, Freshness.CACHED, first.name)
    assert second.forms is first.forms is not None
    assert (first.frames, second.frames) == ({}, None)
    assert second.images() is images
    assert second.variants() is second.variants()
    assert second.variants(1) is second.variants(1)
    assert [one.whole.product.as_of for one in second.variants(1)] == [LATER]
    for old, new in zip(first.variants(), second.variants(), strict=True):
        assert new.forms is old.forms is not None
        assert (old.whole.product.as_of, new.whole.product.as_of) == (NOON, LATER)
        assert new.whole.product.freshness is Freshness.CACHED
    assert dressed().told_again(LATER, Freshness.LIVE).variants()[0].whole.product.as_of == LATER


def test_many_ways_to_ask_for_the_first_variants_do_not_dress_them_anew() -> None:
    many = tuple(a_variant(f"SHIRT-{number}") for number in range(9))
    product = Product.of(
        a_product(variants=many), as_of=NOON, freshness=Freshness.LIVE, languages=(Locale("it"),)
    )
    every = product.variants()
    for first in range(1, 9):
        assert product.variants(first) == every[:first]
        assert product.variants() is every


def test_a_light_object_is_a_structure_with_the_defaults_of_its_type() -> None:
    first, second = Pair(left=1, right=2), Pair(left=1, right=2, more=[3])
    assert isinstance(first, msgspec.Struct)
    assert not gc.is_tracked(first)
    assert (first.total(), first.more, second.more) == (3, [], [3])
    assert strawberry.Schema(Root).execute_sync("{ pair { right } }").data == {"pair": {"right": 2}}


def test_a_light_object_would_lose_what_a_base_gives_it() -> None:
    @strawberry.type
    class Marked(Mark):
        """A type whose base is no interface."""

    with pytest.raises(TypeError, match="Marked has a base that its objects would not have"):
        light(Marked)


def test_a_light_object_that_lasts_keeps_what_was_completed_of_it() -> None:
    one, other = Lasting(left=1), Lasting(left=1)
    assert isinstance(one, Unchanging)
    for _ in range(2):
        one.seen("place", {"left": 1}, 1)
    kept = one.forms
    assert kept is not None
    told = kept["place"]
    assert isinstance(told, Told)
    assert (orjson.dumps(told.json), told.objects) == (b'{"left":1}', 1)
    assert other.forms is None
    assert not gc.is_tracked(one)
    assert not hasattr(one, "__dict__")


@light
@strawberry.type
class Pair:
    """Two numbers."""

    left: int
    right: int
    more: strawberry.Private[list[int]] = field(default_factory=list)

    def total(self) -> int:
        """Their sum."""
        return self.left + self.right


@strawberry.type
class Root:
    """Asks for a pair."""

    @strawberry.field
    def pair(self) -> Pair:
        """One."""
        return Pair(left=1, right=2)


@light
@strawberry.type
class Lasting(Unchanging):
    """A number for ever."""

    left: int


def marked(faces: Faces) -> "ref[Mark]":
    mark = Mark()
    faces.keep("mark", mark)
    return ref(mark)


def dressed() -> Product:
    product = a_product(variants=(a_variant("SHIRT-M"), a_variant("SHIRT-L")))
    return Product.of(product, as_of=NOON, freshness=Freshness.LIVE, languages=(Locale("it"),))


async def test_what_was_asked_for_together_is_dressed_once_for_the_same_places() -> None:
    shirt, coat = Sku("SHIRT-M"), Sku("COAT-M")
    spreads = Together({shirt: Spread(()), coat: Spread(())})
    here, there = Dressed([], {}), Dressed([], {})

    first = await Availability.of_all(spreads, [shirt, coat], here)
    again = await Availability.of_all(spreads, [shirt, coat], here)
    elsewhere = await Availability.of_all(spreads, [shirt, coat], there)
    less = await Availability.of_all(dict(spreads), [shirt, coat], here)

    assert again is first
    assert elsewhere is not first
    assert less is not first
    for answers in (first, less):
        assert [id(one) for one in answers] == [
            id(Availability.each(spreads[sku], here)) for sku in (shirt, coat)
        ]


def test_prices_that_were_asked_for_together_are_dressed_once() -> None:
    shirt, coat, site = Sku("SHIRT-M"), Sku("COAT-M"), ChannelCode("web")
    found = Together(
        {
            sku: Reading(a_price(sku, amount), NOON, Freshness.CACHED, "erp")
            for sku, amount in ((shirt, "10.00"), (coat, "20.00"))
        }
    )

    first = Price.of_all(found, [shirt, coat], channel=site)

    assert Price.of_all(found, [shirt, coat], channel=site) is first
    assert [price and price.amount.amount for price in first] == [
        Decimal("10.00"),
        Decimal("20.00"),
    ]
    twice = Price.of_all(found, [coat, shirt, coat], channel=site)
    assert [id(price) for price in twice] == [id(first[1]), id(first[0]), id(first[1])]
