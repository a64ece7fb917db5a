"""Who shops here? People who are known to the shop, to the tills, or to both, each in its way.

Nobody of them exists: their telephone numbers are of the range that is kept for films.
"""

from dataclasses import dataclass
from functools import lru_cache

from connectors.sandbox.retailer.dice import Dice

HOW_MANY = 120
GIVEN = ("Ada", "Bruno", "Carla", "Dario", "Elena", "Fabio", "Greta", "Hanna", "Ivo", "Jutta")
FAMILY = (
    *("Alberti", "Bianchi", "Conti", "Dörfler", "Esposito", "Ferri"),
    *("Gallo", "Huber", "Innocenti", "Jansen", "Koller", "Longo"),
)
CITIES = (("37121", "Verona", "IT"), ("20144", "Milano", "IT"), ("80331", "München", "DE"))
LANGUAGES = {"IT": "it", "DE": "de"}
SHOP_SHARE, TILLS_SHARE = 75, 75  # percent who are known there
PREFIX = "29000000"  # of cards: numbers that GS1 leaves to the retailer
STAFF_SHARE = 15  # percent who work here; each system has a word of its own for them


def card_of(number: int) -> str:
    """The number of a card, 13 digits with the check digit of GS1."""
    digits = f"{PREFIX}{number:04}"
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighed % 10}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One of them. `shop` and `tills` are what they are called there, if they are known.

    Who `works` for the retailer is in its group of customers.
    """

    number: int
    given: str
    family: str
    email: str
    phone: str
    card: str
    street: str
    city: tuple[str, str, str]
    shop: str | None
    tills: str | None
    confirmed: bool
    checked: bool
    works: bool

    @property
    def language(self) -> str:
        """What they read."""
        return LANGUAGES[self.city[2]]

    @property
    def words(self) -> tuple[str, ...]:
        """By what they could be found in anything that was kept."""
        return self.email, self.phone[-6:], self.card


@lru_cache(maxsize=8)
def people(seed: int) -> tuple[Person, ...]:
    """The people of a seed."""
    return tuple(_person(seed, number) for number in range(HOW_MANY))


def _person(seed: int, number: int) -> Person:
    dice = Dice(seed, "person", number)
    given, family = dice.pick(GIVEN), dice.pick(FAMILY)
    in_shop = dice.chance(SHOP_SHARE)
    in_tills = dice.chance(TILLS_SHARE) or not in_shop
    plain = family.lower().replace("ö", "oe")
    return Person(
        number=number,
        given=given,
        family=family,
        email=f"{given.lower()}.{plain}{number}@example.com",
        phone=f"+447700900{number:03}",
        card=card_of(1 + number),
        street=f"Via Esempio {dice.between(1, 99)}",
        city=dice.pick(CITIES),
        shop=f"C-{10_000 + number}" if in_shop else None,
        tills=f"K{500_000 + number * 3}" if in_tills else None,
        confirmed=dice.chance(80),
        checked=dice.chance(50),
        works=dice.chance(STAFF_SHARE),
    )
