"""What becomes of products that were dressed for an answer?"""

import gc
from collections.abc import Iterator
from weakref import ref

import pytest

from app.api.products import Product
from app.upstream.report import Freshness
from app.values import Locale
from tests.builders import NOON, a_product


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_what_was_answered_waits_for_no_garbage_collector() -> None:
    product = dressed()
    variant = product.variants()[0]
    again = variant.whole.product
    gone = [ref(one) for one in (product, variant, again, again.variants()[0])]
    del product, variant, again
    assert [one() for one in gone] == [None] * 4


def test_the_product_of_a_variant_is_told_as_the_one_it_was_reached_from() -> None:
    product = dressed()
    again = product.variants()[0].whole.product
    assert again is not product
    assert again.told is product.told
    assert (again.id, again.name, again.as_of) == (product.id, product.name, NOON)
    assert again is product.variants()[0].whole.product


def dressed() -> Product:
    return Product.of(a_product(), as_of=NOON, freshness=Freshness.LIVE, languages=(Locale("it"),))
