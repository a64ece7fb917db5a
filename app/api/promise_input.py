"""How a promise is asked for."""

from datetime import timedelta

import strawberry

from app.api.availability import DestinationInput
from app.api.context import Context
from app.api.paging import bounded
from app.availability.model import FulfilmentMethod
from app.errors import InvalidInputError
from app.promises.model import Destination, Line, Objective
from app.promises.question import Question
from app.promises.ranking import Preference
from app.settings import Channel as ChannelRules
from app.values import Channel, ChannelCode, LocationCode, Sku

MOST_WEIGHT = 1_000
MOST_STORES = 20


@strawberry.input(description="So many units of a variant.")
class PromiseLineInput:
    """One line of a basket; lines of the same SKU count together."""

    sku: Sku = strawberry.field(description="The variant.")
    quantity: int = strawberry.field(default=1, description="Units, 1 to 9,999.")


@strawberry.input(description="How much each objective counts, 0 to 1,000; not all zero.")
class PromiseWeightsInput:
    """Each objective counts from the best to the worst of what there is."""

    cost: int = strawberry.field(default=0, description="Cost to the retailer.")
    speed: int = strawberry.field(default=0, description="Latest arrival.")
    emissions: int = strawberry.field(default=0, description="CO2e.")


@strawberry.input(description="Which option is preferred: an order of objectives, or weights.")
class PromisePreference:
    """One of the two."""

    order: list[Objective] | None = strawberry.field(
        default=None, description="What counts first, and what where that is the same."
    )
    weights: PromiseWeightsInput | None = strawberry.field(
        default=None, description="How much each counts."
    )

    def preference(self) -> Preference:
        """What is preferred.

        Raises:
            InvalidInputError: it is neither, or both.
        """
        if (not self.order) == (self.weights is None):
            message = "preference needs an order or weights, not both."
            raise InvalidInputError(message, argument="preference")
        if self.weights is None:
            return Preference(tuple(dict.fromkeys(self.order or ())))
        counts = (self.weights.cost, self.weights.speed, self.weights.emissions)
        if not all(0 <= one <= MOST_WEIGHT for one in counts) or not any(counts):
            message = "weights are 0 to 1,000, not all zero."
            raise InvalidInputError(message, argument="preference")
        return Preference((), counts)


@strawberry.input(description="What is wanted, where, and how it may come.")
class PromiseOptionsInput:
    """A basket and a destination."""

    lines: list[PromiseLineInput] = strawberry.field(description="At most 100 lines.")
    destination: DestinationInput | None = strawberry.field(
        default=None, description="Where the shopper is; deliveries need it."
    )
    methods: list[FulfilmentMethod] = strawberry.field(
        default_factory=lambda: [FulfilmentMethod.SHIP_TO_HOME],
        description="How it may reach the shopper.",
    )
    stores: list[LocationCode] | None = strawberry.field(
        default=None, description="Stores to collect at, at most 20; the nearest if not given."
    )
    in_store: LocationCode | None = strawberry.field(
        default=None,
        description="The store in which the shopper stands and orders what it does not have.",
    )
    channel: ChannelCode | None = strawberry.field(
        default=None, description="The sales channel; the default one if not given."
    )
    preference: PromisePreference | None = strawberry.field(
        default=None, description="Which option comes first; the retailer's rules if not given."
    )
    max_age: timedelta | None = strawberry.field(
        default=None, description="Ask again for stock that is older; what cannot be is STALE."
    )

    def question(self, context: Context) -> Question:
        """What is asked.

        Raises:
            InvalidInputError: the input cannot be.
        """
        bounded(self.lines, argument="lines")
        if len(self.stores or ()) > MOST_STORES:
            message = f"stores takes at most {MOST_STORES} values."
            raise InvalidInputError(message, argument="stores")
        channel, selling = context.services.channel(self.channel)
        return Question(
            lines=tuple(Line(line.sku, line.quantity) for line in self.lines),
            channel=channel,
            selling=selling,
            methods=tuple(self.methods),
            destination=None if self.destination is None else destination(self.destination),
            stores=tuple(self.stores or ()),
            in_store=self.in_store,
            preference=None if self.preference is None else self.preference.preference(),
            max_age=self.max_age,
            steps=context.searching(),
        )


def delivered(
    to: DestinationInput,
    preference: PromisePreference | None,
    through: tuple[Channel, ChannelRules],
) -> Question:
    """The question of a listing: each variant by itself, sent to a destination."""
    channel, selling = through
    return Question(
        lines=(),
        channel=channel,
        selling=selling,
        methods=(FulfilmentMethod.SHIP_TO_HOME,),
        destination=destination(to),
        preference=None if preference is None else preference.preference(),
    )


def destination(to: DestinationInput) -> Destination:
    """Where it is to go."""
    return Destination(to.country, to.postal_code)
