"""GraphQL face of what a customer says of themselves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

import strawberry

from app.api.batching import batched
from app.api.context import Context
from app.api.hints import NOBODY_KEEPS
from app.api.product_root import products_by_key
from app.api.variants import ProductVariant
from app.customers import consents
from app.customers.consents import ConsentChannel, ConsentPurpose, SaidBy
from app.customers.groups import Membership
from app.customers.profiles import Wish
from app.ports import Address, Contact, ContactKind, ProductKey
from app.values import CountryCode, Sku


@strawberry.type(description="By what a customer is recognised.", directives=NOBODY_KEEPS)
class CustomerContact:
    """Personal data."""

    kind: ContactKind = strawberry.field(description="What it is.")
    value: str = strawberry.field(
        description="An address in small letters, a number as E.164, or a card's number."
    )
    verified: bool = strawberry.field(description="Whether it was proved to be theirs.")

    @classmethod
    def of(cls, contact: Contact, *, verified: bool) -> Self:
        """Dress a contact."""
        return cls(kind=contact.kind, value=contact.value, verified=verified)


@strawberry.type(description="Where a customer lives, or is sent things.", directives=NOBODY_KEEPS)
class CustomerAddress:
    """Personal data."""

    lines: list[str] = strawberry.field(description="Street and number.")
    postal_code: str | None = strawberry.field(description="Postal code.")
    city: str | None = strawberry.field(description="Town or city.")
    region: str | None = strawberry.field(description="State, province or region.")
    country: CountryCode | None = strawberry.field(description="Country.")

    @classmethod
    def of(cls, address: Address) -> Self:
        """Dress an address."""
        return cls(
            lines=list(address.lines),
            postal_code=address.postal_code,
            city=address.city,
            region=address.region,
            country=address.country,
        )


@strawberry.type(description="What fits a customer.", directives=NOBODY_KEEPS)
class CustomerSize:
    """Of one kind of goods."""

    what: str = strawberry.field(description="The kind of goods, such as shoes.")
    size: str = strawberry.field(description="The size, as it is written on them.")


@strawberry.type(
    description="What a customer has agreed to, as they said last.", directives=NOBODY_KEEPS
)
class CustomerConsent:
    """With where it comes from."""

    purpose: ConsentPurpose = strawberry.field(description="What it is for.")
    channel: ConsentChannel = strawberry.field(description="How they may be reached for it.")
    granted: bool = strawberry.field(description="Whether they have agreed.")
    said_by: SaidBy = strawberry.field(description="Who told us.")
    source: str = strawberry.field(description="Where it was said, such as checkout.")
    wording: str | None = strawberry.field(description="What was shown to them, by its name.")
    at: datetime = strawberry.field(description="When.")

    @classmethod
    def of(cls, consent: consents.Consent) -> Self:
        """Dress a consent."""
        return cls(
            purpose=consent.purpose,
            channel=consent.channel,
            granted=consent.granted,
            said_by=consent.by,
            source=consent.source,
            wording=consent.wording,
            at=consent.at,
        )


@strawberry.type(
    description="A group of customers that somebody is in: rules of prices name groups.",
    directives=NOBODY_KEEPS,
)
class CustomerGroup:
    """One for each who says so."""

    code: str = strawberry.field(description="Its key; customerGroupsSet takes it.")
    label: str = strawberry.field(description="What it is called.")
    source: str = strawberry.field(
        description="Who says so: a connection, or tessera for the retailer's staff."
    )
    since: datetime | None = strawberry.field(
        description="Since when staff has said so; null where a system does, which tells no time."
    )

    @classmethod
    def of(cls, one: Membership, label: str) -> Self:
        """Dress a membership."""
        return cls(code=one.group, label=label, source=one.source, since=one.since)


async def wished_variant(
    wishes: "Sequence[CustomerWish]", context: Context
) -> Sequence[ProductVariant | None]:
    """The variant of each, in one question to the catalogue."""
    keys = [ProductKey("sku", one.sku) for one in wishes]
    asked = list(dict.fromkeys(keys))
    products = await products_by_key(context, asked, context.languages(None))
    found = dict(zip(asked, products, strict=True))
    return [
        None if (product := found[key]) is None else product.variant_of(key.value) for key in keys
    ]


@strawberry.type(description="Something that a customer wishes for.", directives=NOBODY_KEEPS)
class CustomerWish:
    """Of their wishlist."""

    sku: Sku = strawberry.field(description="The variant's key.")
    wished_at: datetime = strawberry.field(description="Since when.")
    variant: ProductVariant | None = batched(
        wished_variant, description="The variant; null when the catalogue does not tell of it now."
    )

    @classmethod
    def of(cls, wish: Wish) -> Self:
        """Dress a wish."""
        return cls(sku=wish.sku, wished_at=wish.at)
