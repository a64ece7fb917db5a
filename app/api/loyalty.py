"""GraphQL face of points: what somebody has, and where it comes from."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from app.api.auditing import looked_at
from app.api.context import Context, Info
from app.api.hints import NOBODY_KEEPS
from app.api.nodes import global_id, key_of
from app.api.paging import (
    AfterArgument,
    FirstArgument,
    PageInfo,
    decode_cursor,
    encode_cursor,
    page_size,
)
from app.errors import InvalidInputError
from app.loyalty import model, rules, service
from app.loyalty.model import Kind
from app.values import CustomerId


async def whose(context: Context, given: str | None) -> CustomerId | None:
    """The customer that is asked for, or who asks; None where the caller may not ask for them.

    Staff name one; shoppers are themselves, whatever they name has to be them.
    """
    named = None if given is None else _key(given)
    viewer = await context.viewer()
    if viewer.house:
        return named
    own = await context.services.customers.of(context.principal)
    return own if given is None or viewer.owns(named) else None


def _key(given: str) -> CustomerId | None:
    try:
        return CustomerId(key_of(given, "Customer"))
    except InvalidInputError:
        return None  # it looks like one that nobody has


@strawberry.type(
    description="Points that are gone at a time, if they are not spent before.",
    directives=NOBODY_KEEPS,
)
class ExpiringPoints:
    """A part of what is available."""

    points: int = strawberry.field(description="Points.")
    expires_at: datetime = strawberry.field(description="From then on they are gone.")


@strawberry.type(description="What somebody has, as of now.", directives=NOBODY_KEEPS)
class LoyaltyBalance:
    """Sums of the history."""

    available: int = strawberry.field(description="Points that can be spent.")
    pending: int = strawberry.field(description="Points that can be spent later.")
    held: int = strawberry.field(
        description="Points that are kept for carts, until these are bought or their holds end."
    )
    expiring_soonest: ExpiringPoints | None = strawberry.field(
        description="Those of the available that are gone next; null where none ever are."
    )
    expiring: list[ExpiringPoints] = strawberry.field(
        description="When the available are gone, the soonest first; at most 100 times are told."
    )

    @classmethod
    def of(cls, balance: model.Balance) -> Self:
        """Dress a balance."""
        expiring = [
            ExpiringPoints(points=one.points, expires_at=one.at) for one in balance.expiring[:100]
        ]
        return cls(
            available=balance.available,
            pending=balance.pending,
            held=balance.held,
            expiring_soonest=expiring[0] if expiring else None,
            expiring=expiring,
        )


@strawberry.type(
    description="How far somebody is, by what they have earned of late.", directives=NOBODY_KEEPS
)
class LoyaltyTier:
    """Spending points does not change it."""

    code: str | None = strawberry.field(description="The tier; null below the first.")
    points_earned: int = strawberry.field(
        description="Points that were earned within the retailer's window, and not taken back."
    )
    next_code: str | None = strawberry.field(description="The next tier; null in the highest.")
    points_to_next: int = strawberry.field(description="Points that are missing to it.")

    @classmethod
    def of(cls, progress: rules.TierProgress) -> Self:
        """Dress a progress."""
        return cls(
            code=progress.tier,
            points_earned=progress.earned,
            next_code=progress.next_tier,
            points_to_next=progress.missing,
        )


@strawberry.type(description="Something that happened to points.", directives=NOBODY_KEEPS)
class LoyaltyEntry:
    """What it did to each account."""

    id: strawberry.ID = strawberry.field(description="Opaque.")
    kind: Kind = strawberry.field(description="What it was.")
    at: datetime = strawberry.field(description="When it took effect.")
    available: int = strawberry.field(description="Points more, or fewer, that can be spent.")
    pending: int = strawberry.field(description="Points more, or fewer, that can be spent later.")
    held: int = strawberry.field(description="Points more, or fewer, that are kept for a cart.")
    reason: str | None = strawberry.field(description="Why, where somebody of the house did it.")
    order_number: strawberry.ID | None = strawberry.field(description="The order it was for.")
    receipt_number: str | None = strawberry.field(description="The receipt it was for.")

    @classmethod
    def of(cls, entry: model.Entry) -> Self:
        """Dress an entry."""
        return cls(
            id=global_id("LoyaltyEntry", entry.id),
            kind=entry.kind,
            at=entry.at,
            available=entry.available,
            pending=entry.pending,
            held=entry.held,
            reason=entry.reason,
            order_number=None if entry.order is None else strawberry.ID(entry.order),
            receipt_number=entry.receipt,
        )


@strawberry.type(description="An entry in a list.", directives=NOBODY_KEEPS)
class LoyaltyEntryEdge:
    """See the Relay cursor connections specification."""

    cursor: str = strawberry.field(description="Place in the list.")
    node: LoyaltyEntry = strawberry.field(description="The entry.")


@strawberry.type(description="A page of entries, the latest first.", directives=NOBODY_KEEPS)
class LoyaltyEntryConnection:
    """See the Relay cursor connections specification."""

    edges: list[LoyaltyEntryEdge] = strawberry.field(description="The entries of this page.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")

    @classmethod
    def of(cls, page: service.Page, *, follows: bool) -> Self:
        """Dress a page."""
        edges = [
            LoyaltyEntryEdge(cursor=encode_cursor(one.cursor), node=LoyaltyEntry.of(one.entry))
            for one in page.entries
        ]
        info = PageInfo(
            has_next_page=page.more,
            has_previous_page=follows,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        )
        return cls(edges=edges, page_info=info)


@strawberry.type(
    description="Somebody's points. Only they and staff may see them.", directives=NOBODY_KEEPS
)
class LoyaltyAccount:
    """Personal data."""

    card_number: str | None = strawberry.field(
        description="The number of the card, 13 digits; null without one."
    )
    enrolled_at: datetime = strawberry.field(description="Since when they take part.")
    balance: LoyaltyBalance = strawberry.field(description="What they have, as of now.")
    tier: LoyaltyTier = strawberry.field(description="How far they are.")
    kept: strawberry.Private[CustomerId]

    @strawberry.field(description="What has happened to the points, the latest first.")
    async def history(
        self,
        info: Info,
        first: FirstArgument = None,
        after: AfterArgument = None,
    ) -> LoyaltyEntryConnection:
        """A page, in one question to the store."""
        context = info.context
        place = decode_cursor(after, str)
        page = await context.services.loyalty.history(
            self.kept,
            first=page_size(first),
            after=None if place is None else place[0],
            now=context.now,
        )
        return LoyaltyEntryConnection.of(page, follows=place is not None)

    @classmethod
    def of(cls, account: service.LoyaltyAccount) -> Self:
        """Dress an account."""
        customer = account.member.customer
        looked_at(customer)
        return cls(
            card_number=account.member.card,
            enrolled_at=account.member.enrolled_at,
            balance=LoyaltyBalance.of(account.balance),
            tier=LoyaltyTier.of(account.tier),
            kept=customer,
        )


async def account_of(context: Context, customer: CustomerId) -> LoyaltyAccount | None:
    """The account of a customer who may be asked for; None where they take no part."""
    found = await context.services.loyalty.account(customer, now=context.now)
    return None if found is None else LoyaltyAccount.of(found)


@strawberry.type
class LoyaltyRoot:
    """The root fields of points."""

    @strawberry.field(
        description=(
            "A customer's points; null for who takes no part, and for whom the caller may not ask"
            " for."
        )
    )
    async def loyalty_account(
        self,
        info: Info,
        customer: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="The id of a customer, which staff give; a shopper is themselves."
            ),
        ] = None,
    ) -> LoyaltyAccount | None:
        """One account."""
        asked = await whose(info.context, customer)
        return None if asked is None else await account_of(info.context, asked)
