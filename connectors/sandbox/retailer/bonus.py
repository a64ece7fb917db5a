"""The tills' own bonus programme: who has how many points, and what was booked under which key?"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count, islice

from connectors.sandbox.retailer.dice import Dice
from connectors.sandbox.retailer.http import Now
from connectors.sandbox.retailer.people import people

MEMBERS = 5  # that are there from the beginning
MOST = 500  # points that a member has at first; the least is a tenth of it


class BonusRefusedError(Exception):
    """The programme says no; the message is its word for why."""


@dataclass(frozen=True, slots=True)
class Booking:
    """One entry of an account: `points` is what it did to what can be spent."""

    number: str
    kind: str
    points: int
    at: datetime


@dataclass(slots=True)
class Account:
    """One member."""

    number: str
    card: str
    customer: str | None
    points: int
    lifetime: int
    reserved: int = 0
    bookings: list[Booking] = field(default_factory=list)


@dataclass(slots=True)
class Reservation:
    """Points that are kept, were collected, or were let go."""

    key: str
    number: str
    account: str
    points: int
    state: str


class Bonus:
    """The accounts; what comes again under its key is told as it was."""

    def __init__(self, seed: int, now: Now) -> None:
        self._now = now
        self._numbers: Iterator[int] = count(1)
        self.accounts: dict[str, Account] = {}
        self.booked: dict[str, Booking] = {}
        self.reservations: dict[str, Reservation] = {}
        dice = Dice(seed, "bonus")
        known = (person for person in people(seed) if person.tills is not None)
        for person in islice(known, MEMBERS):
            self._open(person.card, person.tills, dice.between(MOST // 10, MOST))

    def find(self, cards: list[str], customers: list[str]) -> list[Account]:
        """Accounts that any of these finds."""
        return [
            one
            for one in self.accounts.values()
            if one.card in cards or (one.customer is not None and one.customer in customers)
        ]

    def forget(self, customer: str) -> None:
        """The points are nobody's, and no card finds them."""
        for one in self.find([], [customer]):
            one.customer, one.card = None, f"closed {one.number}"

    def enrol(self, card: str) -> Account:
        """The account of a card, opened if it is new."""
        return next(iter(self.find([card], [])), None) or self._open(card, None, 0)

    def book(self, key: str, number: str, kind: str, points: int) -> Booking:
        """Points given or taken, once a key."""
        if (known := self.booked.get(key)) is not None:
            return known
        account = self._account(number)
        if account.points + points < 0:
            raise BonusRefusedError("too_few_points")
        if kind == "earn":
            account.lifetime += points
        booking = self.booked[key] = self._enter(account, kind, points)
        return booking

    def reserve(self, key: str, number: str, points: int) -> Reservation:
        """Points kept, once a key."""
        if (known := self.reservations.get(key)) is not None:
            return known
        account = self._account(number)
        if account.points < points:
            raise BonusRefusedError("too_few_points")
        account.reserved += points
        booking = self._enter(account, "reserve", -points)
        made = self.reservations[key] = Reservation(key, booking.number, number, points, "reserved")
        return made

    def collect(self, key: str, number: str, points: int) -> Reservation:
        """Kept points are gone; those that were not kept are kept first."""
        made = self.reserve(key, number, points)
        if made.state == "freed":
            raise BonusRefusedError("freed")
        if made.state == "reserved":
            account = self._account(made.account)
            account.reserved -= made.points
            made.state = "collected"
            self._enter(account, "collect", 0)
        return made

    def free(self, key: str, number: str, points: int) -> Reservation:
        """Kept points can be spent again; a key that is not known is never kept afterwards."""
        made = self.reservations.get(key)
        if made is None:
            made = self.reservations[key] = Reservation(
                key, self._number(), number, points, "freed"
            )
        if made.state == "collected":
            raise BonusRefusedError("collected")
        if made.state == "reserved":
            account = self._account(made.account)
            account.reserved -= made.points
            made.state = "freed"
            self._enter(account, "free", made.points)
        return made

    def account(self, number: str) -> Account:
        """One account.

        Raises:
            BonusRefusedError: there is none.
        """
        return self._account(number)

    def _account(self, number: str) -> Account:
        if (account := self.accounts.get(number)) is None:
            raise BonusRefusedError("unknown_account")
        return account

    def _open(self, card: str, customer: str | None, points: int) -> Account:
        number = f"B-{10_000 + len(self.accounts) + 1}"
        account = Account(number, card, customer, points, lifetime=points)
        self.accounts[number] = account
        return account

    def _enter(self, account: Account, kind: str, points: int) -> Booking:
        account.points += points
        booking = Booking(self._number(), kind, points, self._now())
        account.bookings.append(booking)
        return booking

    def _number(self) -> str:
        return f"E-{100_000 + next(self._numbers)}"
