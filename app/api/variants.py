"""GraphQL face of the thing sold, and of what must be asked about it outside."""

from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from app import ports
from app.api.availability import AggregateAvailability, Availability, DestinationInput
from app.api.batching import batched
from app.api.context import Context, Languages
from app.api.hints import CATALOGUE, kept
from app.api.light import light
from app.api.locations import Dressed, GeoPointInput
from app.api.nodes import Node, global_id, key_of
from app.api.paging import bounded, page_size
from app.api.pricing import Price
from app.api.promise_input import PromisePreference, delivered
from app.api.promise_options import PromiseOption
from app.api.promises import places as placed
from app.api.texts import HowManyImages, Image, VariantOption, pictures
from app.availability.model import FulfilmentMethod
from app.carts.model import sound_id
from app.carts.repository import holder_of
from app.engine.unchanging import Unchanging, UnchangingList
from app.errors import InvalidInputError
from app.locations.model import Search
from app.promises.model import Line
from app.promises.refusals import PromiseRefusal
from app.settings import unknown
from app.upstream.readings import Faces
from app.values import (
    ChannelCode,
    Gtin,
    Locale,
    LocationCode,
    Sku,
)

if TYPE_CHECKING:
    from app.api.products import Product

CartArgument = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="As this cart sees it: what it holds itself counts for it."),
]
ChannelArgument = Annotated[
    ChannelCode | None,
    strawberry.argument(description="The sales channel; the default one if not given."),
]


async def availability(
    variants: "Sequence[ProductVariant]",
    context: Context,
    *,
    near: Annotated[
        GeoPointInput | None, strawberry.argument(description="Nearest locations first.")
    ] = None,
    locations: Annotated[
        list[LocationCode] | None,
        strawberry.argument(description="Only these locations; all that hold stock if not given."),
    ] = None,
    methods: Annotated[
        list[FulfilmentMethod] | None,
        strawberry.argument(description="Only locations that offer one of these methods."),
    ] = None,
    max_age: Annotated[
        timedelta | None,
        strawberry.argument(description="Ask again what is older; what cannot be is STALE."),
    ] = None,
    first: Annotated[
        int | None, strawberry.argument(description="Locations, 1 to 100; 20 if not given.")
    ] = None,
    cart: CartArgument = None,
) -> Sequence[list[Availability]]:
    """One availability for each variant at each wanted location, one call a source."""
    codes = _wanted(context, locations)
    search = Search(near=None if near is None else near.point(), codes=codes)
    service, inquiry = context.services.availability, context.inquiry
    places = service.holding(search, methods=methods, report=inquiry.report)
    places = places.first(page_size(first))
    skus = [variant.sku for variant in variants]
    holder = _holder(cart)
    spreads = await service.at(skus, places, inquiry, max_age=max_age, holder=holder)
    context.seen.places.extend(places.codes)
    dressed = Dressed.of(places, language=variants[0].languages[0])
    return await Availability.of_all(spreads, skus, dressed)


async def available_to_sell(
    variants: "Sequence[ProductVariant]",
    context: Context,
    *,
    channel: ChannelArgument = None,
    destination: Annotated[
        DestinationInput | None,
        strawberry.argument(description="Count only locations that can send there."),
    ] = None,
    cart: CartArgument = None,
) -> Sequence[AggregateAvailability]:
    """One aggregate for each variant, one call a source."""
    _, rules = context.services.channel(channel)
    service, inquiry = context.services.availability, context.inquiry
    to = None if destination is None else destination.country
    places = service.selling(rules, to=to, report=inquiry.report)
    skus = [variant.sku for variant in variants]
    together = await service.together(
        skus, places, inquiry, global_buffer=rules.global_buffer, holder=_holder(cart)
    )
    context.seen.places.extend(places.codes)
    dressed = Dressed.of(places, language=variants[0].languages[0])
    return [AggregateAvailability.of(together[sku], dressed) for sku in skus]


async def price(
    variants: "Sequence[ProductVariant]",
    context: Context,
    *,
    channel: ChannelArgument = None,
) -> Sequence[Price | None]:
    """One price for each variant, one call."""
    through, _ = context.services.channel(channel)
    pricing = context.services.pricing
    found = await pricing.prices(
        [variant.sku for variant in variants], channel=through, inquiry=context.inquiry
    )
    active, code = pricing.rules(through.code), through.code
    if active is None or not active.public:
        return Price.of_all(found, [variant.sku for variant in variants], channel=code)
    return [
        Price.of(
            found[variant.sku],
            channel=code,
            active=active,
            categories=variant.whole.told.categories if active.categories else (),
        )
        for variant in variants
    ]


async def promise(
    variants: "Sequence[ProductVariant]",
    context: Context,
    *,
    destination: Annotated[
        DestinationInput, strawberry.argument(description="Where it is to be sent.")
    ],
    preference: Annotated[
        PromisePreference | None,
        strawberry.argument(description="Which option; the retailer's rules if not given."),
    ] = None,
    quantity: Annotated[int, strawberry.argument(description="Units, 1 to 9,999.")] = 1,
    channel: ChannelArgument = None,
) -> Sequence[PromiseOption | None]:
    """The preferred option of each variant by itself, one call a source."""
    question = delivered(destination, preference, context.services.channel(channel))
    lines = [Line(variant.sku, quantity) for variant in variants]
    try:
        found = await context.services.promises.each(
            lines, question, context.inquiry, now=context.now
        )
    except PromiseRefusal as refusal:
        raise InvalidInputError(str(refusal), argument=refusal.argument) from refusal
    at = placed(context, variants[0].languages[0])
    return [None if one is None else PromiseOption.of(one, at) for one in found]


@strawberry.type(
    description="What a bundle is put together of; variants(skus:) tells more of it.",
    directives=kept(CATALOGUE),
)
class BundleComponent:
    """Units that leave the shelf for one of the bundle."""

    sku: Sku = strawberry.field(description="The key of a variant.")
    quantity: int = strawberry.field(description="Its units in one bundle.")

    @classmethod
    def of(cls, component: ports.BundleComponent) -> Self:
        """Dress a component."""
        return cls(sku=component.sku, quantity=component.quantity)


NO_COMPONENTS: list[BundleComponent] = UnchangingList()


class Whole:
    """The product that variants are of; it is dressed when one of them is asked for it.

    It is never the object that they were reached from and that keeps them: nothing goes round in
    a circle, so what was made for one answer is gone with it and waits for no garbage collector.
    """

    __slots__ = ("_dress", "_product", "languages", "told")

    def __init__(
        self, told: ports.Product, languages: Languages, dress: "Callable[[], Product]"
    ) -> None:
        self.told = told
        self.languages = languages
        self._dress = dress
        self._product: Product | None = None

    @property
    def product(self) -> "Product":
        """The product."""
        if self._product is None:
            self._product = self._dress()
        return self._product


def _whole(self: "ProductVariant") -> Annotated["Product", strawberry.lazy("app.api.products")]:
    return self.whole.product


@light
@strawberry.type(
    description="The thing sold: one product in one size, colour and so on.",
    directives=kept(CATALOGUE),
)
class ProductVariant(Node, Unchanging):
    """A variant as one caller sees it."""

    sku: Sku = strawberry.field(description="The retailer's own key, the same in all systems.")
    gtin: Gtin | None = strawberry.field(description="The world's key, as on the bar code.")
    name: str = strawberry.field(description="Name, in the language of locale.")
    options: list[VariantOption] = strawberry.field(description="What tells it from its siblings.")
    locale: Locale | None = strawberry.field(description="The language its texts are in.")
    product: Annotated["Product", strawberry.lazy("app.api.products")] = strawberry.field(
        resolver=_whole, description="The product it is one of."
    )
    components: list[BundleComponent] = strawberry.field(
        description="What a bundle is put together of; empty for what is no bundle."
    )
    told: strawberry.Private[ports.ProductVariant]
    whole: strawberry.Private[Whole]
    faces: strawberry.Private[Faces] = field(default_factory=Faces)

    @property
    def languages(self) -> Languages:
        """Those it is told in."""
        return self.whole.languages

    @strawberry.field(description="Pictures of this variant.")
    def images(self, first: HowManyImages = None) -> list[Image]:
        """At most twenty pictures."""
        return pictures(self.told.images, first, self.languages, self.faces)

    availability: list[Availability] = batched(
        availability, description="Whether it can be sold, by location."
    )
    available_to_sell: AggregateAvailability = batched(
        available_to_sell, description="What a channel can sell over all its locations together."
    )
    price: Price | None = batched(
        price, description="What it costs through a channel; null without a price in its currency."
    )
    promise: PromiseOption | None = batched(
        promise,
        description="When it can be sent somewhere, by itself; null if nothing can be promised.",
    )

    @classmethod
    def of(cls, variant: ports.ProductVariant, whole: Whole) -> Self:
        """Dress a variant."""
        languages = whole.languages
        name, locale = variant.name.best(languages)
        return cls(
            id=global_id("ProductVariant", variant.sku),
            sku=variant.sku,
            gtin=variant.gtin,
            name=name,
            options=UnchangingList([VariantOption.of(one, languages) for one in variant.options]),
            locale=locale,
            components=UnchangingList(map(BundleComponent.of, variant.components))
            if variant.components
            else NO_COMPONENTS,
            told=variant,
            whole=whole,
        )


def _holder(cart: str | None) -> str | None:
    """The name that a cart's holds go by.

    Raises:
        InvalidInputError: it is no id of a cart.
    """
    return None if cart is None else holder_of(sound_id(key_of(cart, "Cart", argument="cart")))


def _wanted(
    context: Context, locations: Sequence[LocationCode] | None
) -> frozenset[LocationCode] | None:
    """The location codes asked for; those that do not exist are told and left out."""
    if locations is None:
        return None
    bounded(locations, argument="locations")
    directory = context.services.locations
    for code in locations:
        if directory.find(code) is None:
            asked = unknown(code, directory.codes, what="location").capitalize()
            context.note(InvalidInputError(asked, argument="locations"))
    return frozenset(locations)
