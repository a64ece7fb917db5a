"""What one operation carries: services, its caller's wishes, its deadline and its report."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

import msgspec
import strawberry
from aiodataloader import DataLoader
from graphql import DocumentNode

from app.api.tags import Seen
from app.appointments.service import AppointmentService
from app.availability.service import AvailabilityService
from app.carts.checking import CartChecks
from app.carts.coding import CartCodes
from app.carts.handing import HandOvers
from app.carts.holding import CartHolds
from app.carts.owned import CustomerCarts
from app.carts.promising import CartPromises
from app.carts.service import CartService
from app.carts.spending import CartPoints
from app.customers.assembling import People
from app.customers.service import CustomerService
from app.errors import InvalidInputError
from app.events.following import Events
from app.locations.service import LocationService
from app.loyalty.assembling import Points
from app.loyalty.service import LoyaltyAnswers
from app.orders.following import Holders
from app.orders.incoming import IncomingOrders
from app.orders.looking import OrderFollower
from app.orders.partnered import PartnerOrders
from app.orders.service import OrderService
from app.orders.working import OrderWorker
from app.partners.service import PartnerService
from app.pricing.rules import RuleBook
from app.pricing.service import PricingService
from app.principals.audit import Looks
from app.principals.keys import ApiKeys
from app.principals.model import GUEST, Principal, Viewer
from app.products.service import ProductService
from app.promises.service import PromiseService
from app.promises.steps import Steps
from app.settings import Channel as ChannelSettings
from app.settings import unknown
from app.upstream.reader import Inquiry
from app.upstream.registry import Connections
from app.values import Channel, ChannelCode, Locale

Languages = tuple[Locale, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What fields may ask."""

    products: ProductService
    locations: LocationService
    availability: AvailabilityService
    pricing: PricingService
    rules: RuleBook
    carts: CartService
    cart_codes: CartCodes
    cart_holds: CartHolds
    cart_points: CartPoints
    cart_promises: CartPromises
    cart_checks: CartChecks
    hand_overs: HandOvers
    promises: PromiseService
    points: Points
    appointments: AppointmentService
    customers: CustomerService
    people: People
    customer_carts: CustomerCarts
    orders: OrderService
    order_worker: OrderWorker
    order_follower: OrderFollower
    partner_orders: PartnerOrders
    keys: ApiKeys
    order_holders: Holders
    incoming: IncomingOrders
    looks: Looks
    events: Events
    partners: PartnerService
    connections: Connections
    channels: Mapping[str, ChannelSettings]
    default_channel: str
    _known: dict[str, tuple[Channel, ChannelSettings]] = field(default_factory=dict, init=False)

    @property
    def loyalty(self) -> LoyaltyAnswers:
        """What answers for points."""
        return self.points.service

    def channel(self, code: ChannelCode | None) -> tuple[Channel, ChannelSettings]:
        """A channel and its rules; the default one when none is named.

        Raises:
            InvalidInputError: there is no such channel.
        """
        name = code or self.default_channel
        if (known := self._known.get(name)) is not None:
            return known
        if (rules := self.channels.get(name)) is None:
            message = unknown(name, self.channels, what="channel").capitalize()
            raise InvalidInputError(message, argument="channel")
        return self._known.setdefault(name, (rules.named(name), rules))


class Context(msgspec.Struct, kw_only=True):
    """One operation's surroundings; each event of a subscription has its own.

    `principal` is who asks. `accepted` are the languages of the Accept-Language header.
    `last_event` is the id of the last event that the caller of a stream has already.
    """

    document: DocumentNode
    services: Services
    inquiry: Inquiry
    now: datetime
    principal: Principal = GUEST
    accepted: Languages = ()
    last_event: str | None = None
    seen: Seen = msgspec.field(default_factory=Seen)
    notes: list[InvalidInputError] = msgspec.field(default_factory=list)
    loaders: dict[tuple[Callable[..., Any], str], DataLoader[Any, Any]] = msgspec.field(
        default_factory=dict
    )
    tasks: set[asyncio.Task[Any]] = msgspec.field(default_factory=set)
    steps: Steps | None = None
    _viewer: Viewer | None = None

    def looking(self) -> Viewer:
        """On whose behalf it is asked; who that is, is read with the first object of somebody's."""
        if self._viewer is None:
            self._viewer = self.services.customers.looking(self.principal)
        return self._viewer

    async def viewer(self) -> Viewer:
        """The same, known; a question to the store where a customer asks, unless it was asked."""
        return await self.services.customers.known(self.looking())

    def searching(self) -> Steps:
        """What is left for the searches of this operation, however many it asks for."""
        if self.steps is None:
            self.steps = self.services.promises.steps()
        return self.steps

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """What the running task does is for this operation alone."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  called in a task
        self.tasks.add(task)
        try:
            yield
        finally:
            self.tasks.discard(task)

    def drop(self) -> None:
        """Nobody waits for this operation any more."""
        for task in self.tasks:
            task.cancel()

    def languages(self, locale: Locale | None, channel: Channel | None = None) -> Languages:
        """The languages to try, in order: argument, header, channel."""
        fallback = channel or self.services.channel(None)[0]
        return (*([locale] if locale else []), *self.accepted, fallback.locale)

    def note(self, problem: InvalidInputError) -> None:
        """Tell the caller about a part of the input that was left out of the answer."""
        if str(problem) not in map(str, self.notes):
            self.notes.append(problem)


Info: TypeAlias = strawberry.Info[Context, None]
