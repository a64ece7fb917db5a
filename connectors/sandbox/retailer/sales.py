"""What did people buy in the past? Sales of long ago, that a seed decides like everything else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from connectors.sandbox.retailer.catalogue import Article, Model, assortment
from connectors.sandbox.retailer.dice import Dice
from connectors.sandbox.retailer.people import Person, people
from connectors.sandbox.retailer.places import STORES

FIRST = datetime(2024, 6, 1, 9, tzinfo=UTC)
DAYS = 600
MOST = 5  # of one person in one system


@dataclass(frozen=True, slots=True)
class SoldPiece:
    """Pieces of one article; fewer than none where they were brought back."""

    sku: str
    title: str
    pieces: int
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """One order or receipt. `customer` is what the system calls who bought."""

    number: str
    customer: str
    at: datetime
    store: str
    pieces: tuple[SoldPiece, ...]

    @property
    def total(self) -> Decimal:
        """What was paid."""
        return sum((one.total for one in self.pieces), Decimal(0))


@lru_cache(maxsize=8)
def online(seed: int) -> tuple[Sale, ...]:
    """Orders of the shop, the latest first."""
    return _sales(seed, "online", {one: one.shop for one in people(seed)})


@lru_cache(maxsize=8)
def at_tills(seed: int) -> tuple[Sale, ...]:
    """Receipts of the stores, the latest first."""
    return _sales(seed, "tills", {one: one.tills for one in people(seed)})


def _sales(seed: int, where: str, known: dict[Person, str | None]) -> tuple[Sale, ...]:
    found = [
        sale
        for person, name in known.items()
        if name is not None
        for sale in _of(seed, where, person, name)
    ]
    return tuple(sorted(found, key=lambda sale: (sale.at, sale.number), reverse=True))


def _of(seed: int, where: str, person: Person, name: str) -> Iterator[Sale]:
    models = [model for model in assortment(seed).shown if not model.articles[0].parts]
    for place in range(Dice(seed, "sales", where, person.number).below(MOST + 1)):
        dice = Dice(seed, "sale", where, person.number, place)
        at = FIRST + timedelta(days=dice.below(DAYS), minutes=dice.below(600))
        bought = [_piece(dice, dice.pick(models)) for _ in range(dice.between(1, 3))]
        yield Sale(
            number=f"{'SO' if where == 'online' else 'B'}-{person.number:03}{place}",
            customer=name,
            at=at,
            store=dice.pick(STORES).number,
            pieces=tuple(bought),
        )


def _piece(dice: Dice, model: Model) -> SoldPiece:
    article: Article = dice.pick(model.articles)
    pieces = dice.between(1, 2)
    return SoldPiece(article.sku, model.names["en"], pieces, article.tags["EUR"].now * pieces)
