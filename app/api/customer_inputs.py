"""What is said of customers? The inputs of their mutations."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson
import strawberry

from app.api.identity_inputs import ABOUT, MOST_GIVEN, sound_key
from app.customers import contacts
from app.customers.consents import Consent, ConsentChannel, ConsentPurpose, SaidBy
from app.customers.model import OwnContact
from app.customers.profiles import ProfileChange
from app.customers.refusals import InvalidCustomerInput
from app.ports import Address, Contact
from app.store.keys import Once
from app.values import CountryCode, Locale, Sku

LONGEST_NAME, LONGEST_LINE, LONGEST_NOTES, LONGEST_SKU = 100, 200, 4_000, 100
MOST_LINES = 4
PLAIN = re.compile(r"[^\x00-\x1f\x7f]+")
LONGEST_TAG = 35  # characters of a language tag, as BCP 47 advises
TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


@strawberry.input(description="By what somebody is recognised; one of the three.", one_of=True)
class CustomerContactInput:
    """Personal data."""

    email: str | None = strawberry.field(default=strawberry.UNSET, description="E-mail address.")
    phone: str | None = strawberry.field(
        default=strawberry.UNSET, description="Telephone number, with its country's code."
    )
    loyalty_card: str | None = strawberry.field(
        default=strawberry.UNSET, description="The number of a loyalty card."
    )

    def contact(self) -> Contact:
        """As the domain has it.

        Raises:
            InvalidCustomerInput: it cannot be.
        """
        if self.email:
            return contacts.email(self.email)
        if self.phone:
            return contacts.phone(self.phone)
        return contacts.card(self.loyalty_card or "")


@strawberry.input(description="Where a customer lives, or is sent things.")
class CustomerAddressInput:
    """Personal data."""

    lines: list[str] = strawberry.field(description="Street and number; 1 to 4 lines.")
    postal_code: str | None = strawberry.field(default=None, description="Postal code.")
    city: str = strawberry.field(description="Town or city.")
    region: str | None = strawberry.field(default=None, description="Region or province.")
    country: CountryCode = strawberry.field(description="Country, such as IT.")

    def address(self, place: int) -> Address:
        """As the domain has it.

        Raises:
            InvalidCustomerInput: it cannot be.
        """
        path = ("addresses", str(place))
        if not 1 <= len(self.lines) <= MOST_LINES:
            raise InvalidCustomerInput("lines has 1 to 4 items.", path=(*path, "lines"))
        said = [*self.lines, self.city, self.postal_code, self.region]
        for text in said:
            _plain(text, LONGEST_LINE, path)
        if not re.fullmatch("[A-Z]{2}", self.country):
            raise InvalidCustomerInput("country has two capital letters.", path=(*path, "country"))
        return Address(
            lines=tuple(self.lines),
            postal_code=self.postal_code,
            city=self.city,
            region=self.region,
            country=self.country,
        )


@strawberry.input(description="What fits a customer.")
class CustomerSizeInput:
    """Of one kind of goods."""

    what: str = strawberry.field(description="The kind of goods, such as shoes.")
    size: str = strawberry.field(description="The size, as it is written on them.")


@strawberry.input(description="What is said of a customer; what is left out stays as it is.")
class CustomerProfileInput:
    """Personal data."""

    given_name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Given name; null takes it away."
    )
    family_name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Family name; null takes it away."
    )
    locale: Locale | None = strawberry.field(
        default=strawberry.UNSET, description="The language they want to read, such as de-CH."
    )
    addresses: list[CustomerAddressInput] | None = strawberry.field(
        default=strawberry.UNSET, description="All addresses; at most 20."
    )
    sizes: list[CustomerSizeInput] | None = strawberry.field(
        default=strawberry.UNSET, description="All sizes; at most 50."
    )
    notes: str | None = strawberry.field(
        default=strawberry.UNSET, description="What staff wants to remember; staff only."
    )
    contacts_add: list[CustomerContactInput] = strawberry.field(
        default_factory=list, description="Contacts that are added; at most 50."
    )
    contacts_remove: list[CustomerContactInput] = strawberry.field(
        default_factory=list, description="Contacts that are taken away; at most 50."
    )
    contacts_verified: bool = strawberry.field(
        default=False,
        description="Staff has seen that the contacts that are added are theirs; staff only.",
    )

    def change(self, *, staff: bool) -> ProfileChange:
        """As the domain has it.

        Raises:
            InvalidCustomerInput: it cannot be, or only staff may say it.
        """
        if not staff and (self.notes is not strawberry.UNSET or self.contacts_verified):
            which = "contactsVerified" if self.contacts_verified else "notes"
            raise InvalidCustomerInput(f"{which} is for staff to say.", path=("profile", which))
        for many in (self.contacts_add, self.contacts_remove):
            if len(many) > MOST_GIVEN:
                raise InvalidCustomerInput("At most 50 contacts at once.", path=("profile",))
        added = (one.contact() for one in self.contacts_add)
        return ProfileChange(
            fields=dict(self._fields()),
            contacts=tuple(
                OwnContact(contact=one, verified=self.contacts_verified) for one in added
            ),
            without=tuple(one.contact() for one in self.contacts_remove),
        )

    def _fields(self) -> Iterator[tuple[str, Any]]:
        for name in ("given_name", "family_name", "locale", "notes"):
            if (said := getattr(self, name)) is not strawberry.UNSET:
                longest = LONGEST_NOTES if name == "notes" else LONGEST_NAME
                _plain(said, longest, ("profile", name), lines=name == "notes")
                yield name, said
        if isinstance(self.locale, str) and not (
            len(self.locale) <= LONGEST_TAG and TAG.fullmatch(self.locale)
        ):
            raise InvalidCustomerInput("locale is not a language tag.", path=("profile", "locale"))
        if isinstance(self.addresses, list):
            yield "addresses", tuple(one.address(at) for at, one in enumerate(self.addresses))
        if isinstance(self.sizes, list):
            for one in self.sizes:
                _plain(one.what, LONGEST_NAME, ("profile", "sizes"))
                _plain(one.size, LONGEST_NAME, ("profile", "sizes"))
            yield "sizes", {one.what: one.size for one in self.sizes}


@strawberry.input(description="Somebody who is to be known, or who says more of themselves.")
class CustomerRegisterInput:
    """See customerRegister."""

    profile: CustomerProfileInput = strawberry.field(description="What is said of them.")
    idempotency_key: str = strawberry.field(
        description="16 to 100 visible ASCII characters that are only this request's."
    )

    def once(self, by: str) -> Once:
        """What makes it one person."""
        said = orjson.dumps(self.profile, default=lambda _: None)
        return Once(
            scope=f"customer:{by}", key=sound_key(self.idempotency_key), digest=_digest(said)
        )


@strawberry.input(description="What is different of a customer.")
class CustomerUpdateInput:
    """See customerUpdate."""

    customer_id: strawberry.ID | None = strawberry.field(default=None, description=ABOUT)
    version: int = strawberry.field(description="The version that the caller saw.")
    profile: CustomerProfileInput = strawberry.field(description="What is different.")


@strawberry.input(description="What a customer agrees to, or does not any more.")
class ConsentSetInput:
    """See consentSet."""

    customer_id: strawberry.ID | None = strawberry.field(default=None, description=ABOUT)
    purpose: ConsentPurpose = strawberry.field(description="What it is for.")
    channel: ConsentChannel = strawberry.field(description="How they may be reached for it.")
    granted: bool = strawberry.field(description="Whether they agree.")
    source: str = strawberry.field(description="Where it is said, such as checkout.")
    wording: str | None = strawberry.field(
        default=None, description="What is shown to them, by its name and version."
    )

    def consent(self, by: SaidBy, at: datetime) -> Consent:
        """As the domain has it.

        Raises:
            InvalidCustomerInput: it cannot be.
        """
        _plain(self.source, LONGEST_NAME, ("source",))
        _plain(self.wording, LONGEST_LINE, ("wording",))
        return Consent(
            purpose=self.purpose,
            channel=self.channel,
            granted=self.granted,
            by=by,
            source=self.source,
            wording=self.wording,
            at=at,
        )


@strawberry.input(description="Something that a customer wishes for, or not any more.")
class WishInput:
    """What is common."""

    customer_id: strawberry.ID | None = strawberry.field(default=None, description=ABOUT)
    sku: Sku = strawberry.field(description="The variant's key.")

    def wished(self) -> Sku:
        """As the domain has it.

        Raises:
            InvalidCustomerInput: nothing is called so.
        """
        _plain(self.sku, LONGEST_SKU, ("sku",))
        return self.sku


@strawberry.input(description="Something that a customer wishes for.")
class WishlistAddInput(WishInput):
    """See wishlistAdd."""


@strawberry.input(description="Something that a customer does not wish for any more.")
class WishlistRemoveInput(WishInput):
    """See wishlistRemove."""


CONTACTS: Mapping[str, Callable[[str], Contact]] = {
    "email": contacts.email,
    "phone": contacts.phone,
    "loyaltyCard": contacts.card,
}


def _digest(said: bytes) -> str:
    return sha256(said).hexdigest()


def _plain(text: str | None, longest: int, path: tuple[str, ...], *, lines: bool = False) -> None:
    if text is None:
        return
    plain = text.replace("\n", " ") if lines else text
    if not 1 <= len(text) <= longest or not PLAIN.fullmatch(plain) or not text.strip():
        raise InvalidCustomerInput(f"{path[-1]} has 1 to {longest} characters.", path=path)
