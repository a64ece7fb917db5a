"""GraphQL face of what a partner uses: what it has sold against its limits, and its keys."""

from datetime import datetime
from typing import Self

import strawberry

from app.api.hints import NOBODY_KEEPS
from app.partners.limits import Sold, day_of, left
from app.principals.keys import ApiKey
from app.settings.partnering import Limits
from app.values import Sku

MOST_SKUS = 100


@strawberry.type(
    description="The most that a partner may sell; null: not limited.", directives=NOBODY_KEEPS
)
class PartnerLimits:
    """As the retailer's settings say."""

    open_units: int | None = strawberry.field(
        description="Units of one SKU in orders that are not over."
    )
    units_a_day: int | None = strawberry.field(description="Units of one SKU on one day of UTC.")
    orders_a_day: int | None = strawberry.field(description="Orders on one day of UTC.")


@strawberry.type(description="What a partner has sold of a SKU.", directives=NOBODY_KEEPS)
class PartnerSkuUsage:
    """Units."""

    sku: Sku = strawberry.field(description="The SKU.")
    open_units: int = strawberry.field(description="Those of orders that are not over.")
    units_today: int = strawberry.field(
        description="Those that were ordered today and not cancelled."
    )
    left: int | None = strawberry.field(
        description="As many may still be sold, by the limits; null where none counts."
    )


@strawberry.type(description="What a partner has sold, as of now.", directives=NOBODY_KEEPS)
class PartnerUsage:
    """Against its limits."""

    day: datetime = strawberry.field(description="When today began: days are those of UTC.")
    orders_today: int = strawberry.field(description="Orders of today, cancelled ones too.")
    open_orders: int = strawberry.field(description="Orders that are not over.")
    units_today: int = strawberry.field(
        description="Units that were ordered today and not cancelled."
    )
    open_units: int = strawberry.field(description="Units of orders that are not over.")
    events_today: int = strawberry.field(
        description="Events that it was told today, of its assortment and of its orders."
    )
    limits: PartnerLimits = strawberry.field(description="The most that it may sell.")
    skus: list[PartnerSkuUsage] = strawberry.field(
        description="By SKU, those with the most open units first; at most 100."
    )

    @classmethod
    def of(cls, sold: Sold, limits: Limits, *, events_today: int, now: datetime) -> Self:
        """Dress what was sold."""
        skus = sorted(
            sold.units_open.keys() | sold.units_today.keys(),
            key=lambda sku: (-sold.units_open.get(sku, 0), sku),
        )
        return cls(
            day=day_of(now),
            orders_today=sold.orders_today,
            open_orders=sold.orders_open,
            units_today=sum(sold.units_today.values()),
            open_units=sum(sold.units_open.values()),
            events_today=events_today,
            limits=PartnerLimits(
                open_units=limits.open_units,
                units_a_day=limits.units_a_day,
                orders_a_day=limits.orders_a_day,
            ),
            skus=[
                PartnerSkuUsage(
                    sku=sku,
                    open_units=sold.units_open.get(sku, 0),
                    units_today=sold.units_today.get(sku, 0),
                    left=left(limits, sold, sku),
                )
                for sku in skus[:MOST_SKUS]
            ],
        )


@strawberry.type(
    description="A key that a partner's programs ask with; never the key itself.",
    directives=NOBODY_KEEPS,
)
class PartnerKey:
    """What is known of it."""

    id: str = strawberry.field(description="The part of the key that is no secret.")
    name: str | None = strawberry.field(description="What it is called, if it has a name.")
    created_at: datetime = strawberry.field(description="When it was given out.")
    expires_at: datetime = strawberry.field(description="From then on it opens nothing.")
    revoked_at: datetime | None = strawberry.field(
        description="When it was taken back; null while it was not."
    )
    last_used_at: datetime | None = strawberry.field(
        description="When it was last used, to the minute; null while it never was."
    )

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        """Dress a key."""
        return cls(
            id=key.id,
            name=key.name,
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            last_used_at=key.last_used_at,
        )
