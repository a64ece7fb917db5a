"""What does a listing spare those who ask for one of its products next?"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.ports import Answer, Product, ProductEdge, ProductKey, ProductPage, ProductQuery
from app.products.service import ProductService
from app.upstream.deadline import Deadline
from app.upstream.health import Health
from app.upstream.readings import FreshnessPolicy, Inquiry
from app.upstream.report import Report
from app.values import Locale
from tests.builders import NOON, a_product

MINUTE = timedelta(minutes=1)
QUERY = ProductQuery(first=5, locale=Locale("en"))
KEYS = [ProductKey("id", "1"), ProductKey("handle", "shirt"), ProductKey("sku", "SHIRT-M")]


@dataclass
class Catalogue:
    """One product, whose brand is how often it was asked for."""

    now: datetime = NOON
    asked: list[list[ProductKey]] = field(default_factory=list)
    listed: int = 0

    def product(self) -> Product:
        return a_product(brand=f"{self.listed} {len(self.asked)}")

    async def products(self, keys: Collection[ProductKey]) -> Answer[Product]:
        self.asked.append(list(keys))
        return Answer(rows=(self.product(),), as_of=self.now)

    async def browse(self, query: ProductQuery) -> ProductPage:
        assert query == QUERY
        self.listed += 1
        edge = ProductEdge("1", self.product())
        return ProductPage(edges=(edge,), has_next=False, as_of=self.now)

    def service(self) -> ProductService:
        return ProductService(
            self,
            health=Health(connection="shop", now=lambda: self.now, clock=lambda: 0.0),
            policy=FreshnessPolicy(fresh_for=MINUTE),
            timeout=MINUTE,
        )


def inquiry() -> Inquiry:
    return Inquiry(Deadline.after(MINUTE), Report())


async def told(service: ProductService, *keys: ProductKey) -> list[tuple[str | None, str]]:
    found = await service.find(keys, inquiry())
    return [
        (None if one.value is None else one.value.brand, one.freshness) for one in found.values()
    ]


async def test_a_listed_product_is_not_asked_for_under_any_of_its_names() -> None:
    catalogue = Catalogue()
    service = catalogue.service()
    await service.browse(QUERY, inquiry())
    catalogue.now += MINUTE / 2

    assert await told(service, *KEYS) == [("1 0", "CACHED")] * 3
    catalogue.now += MINUTE / 2  # a minute after it was listed, whoever asked in between
    assert await told(service, KEYS[0]) == [("1 1", "LIVE")]
    assert catalogue.asked == [[KEYS[0]]]


async def test_a_product_read_under_one_name_is_known_under_the_others() -> None:
    catalogue = Catalogue()
    service = catalogue.service()

    assert await told(service, KEYS[2]) == [("0 1", "LIVE")]
    assert await told(service, *KEYS) == [("0 1", "CACHED")] * 3


async def test_what_was_listed_before_does_not_replace_what_was_read_since() -> None:
    catalogue = Catalogue()
    service = catalogue.service()
    await service.browse(QUERY, inquiry())
    catalogue.now += 2 * MINUTE
    await told(service, KEYS[1])
    catalogue.now += MINUTE / 2

    assert await told(service, KEYS[1]) == [("1 1", "CACHED")]


async def test_what_was_listed_since_replaces_what_was_read_before() -> None:
    catalogue = Catalogue()
    service = catalogue.service()
    await told(service, KEYS[1])
    catalogue.now += MINUTE / 2
    await service.browse(QUERY, inquiry())

    assert await told(service, KEYS[1]) == [("1 1", "CACHED")]
