"""Which services stand over the open connections? Each bound as the settings say."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from secrets import token_urlsafe

from app.api.caches import Caches
from app.api.context import Services
from app.appointments import keeping as kept_appointments
from app.appointments.service import AppointmentService
from app.availability.promised import Promised
from app.availability.reading import StockReader, stock_reader
from app.availability.service import AvailabilityService
from app.carts import events as cart_events
from app.carts import keeping as kept_carts
from app.carts.acting import CartActs
from app.carts.checking import CartChecks
from app.carts.coding import CartCodes
from app.carts.discounting import Discounts
from app.carts.handing import HandOvers
from app.carts.holding import CartHolds
from app.carts.owned import CustomerCarts
from app.carts.pricing import Pricing
from app.carts.promising import CartPromises
from app.carts.service import CartService
from app.carts.spending import CartPoints
from app.carts.standing import Members
from app.customers.assembling import Others, groups_over, people_over
from app.customers.forgetting import Keeper
from app.customers.linking import Joiner, locked
from app.events.following import Events
from app.events.tail import Tail
from app.locations.service import LocationService
from app.loyalty import joining
from app.loyalty import keeping as kept_points
from app.loyalty.assembling import points_over
from app.orders import events as order_events
from app.orders import keeping as kept_orders
from app.orders.assembling import orders_over
from app.orders.cadence import Cadence
from app.orders.dispatching import Dispatching
from app.orders.finding import Elsewhere
from app.orders.following import Holders
from app.orders.history import OrderHistory
from app.orders.partnered import PartnerOrders
from app.partners import events as assortments
from app.partners.service import PartnerService
from app.partners.terms import terms_of
from app.ports import CatalogSource, LocationSource, PriceSource, StockSource
from app.pricing import keeping as kept_coupons
from app.pricing.rules import RuleBook
from app.pricing.service import PricingService
from app.principals.audit import Looks
from app.principals.keys import ApiKeys
from app.products.service import ProductService
from app.promises.ranking import Preference
from app.promises.service import PromiseService, Sources
from app.promises.tokens import Signer
from app.settings import Settings, Windows
from app.store import Store
from app.store.standing import StandingStore
from app.upkeep import STOCK, projected_stock, stock_of
from app.upstream.reader import FreshnessPolicy
from app.upstream.registry import Connections, port_of
from app.values import LocationCode

KEEPERS = (
    Keeper(
        name="appointments",
        forget=lambda work, whose: kept_appointments.forget(work, whose.selves),
        tell=lambda connection, whose: kept_appointments.tell(connection, whose.selves),
    ),
    Keeper(name="carts", forget=kept_carts.forget, tell=kept_carts.tell),
    Keeper(
        name="coupons",
        forget=lambda work, whose: kept_coupons.forget(work, whose.selves, whose.emails),
        tell=lambda _connection, _whose: None,  # orders tell of them
    ),
    Keeper(
        name="loyalty",
        forget=lambda work, whose: kept_points.forget(work, whose.selves),
        tell=lambda connection, whose: kept_points.tell(connection, whose.selves),
    ),
    Keeper(name="orders", forget=kept_orders.forget, tell=kept_orders.tell),
)
POINTS = Joiner(joining.join, joining.part)
FOLLOWED = cart_events.KINDS | order_events.KINDS | assortments.KINDS


def assemble(
    settings: Settings,
    connections: Connections,
    caches: Caches,
    store: Store | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
) -> Services:
    """The services over open connections.

    Without a `store` there are no carts, and nothing is held.

    Raises:
        MisconfiguredError: a key of promise tokens is not where the settings say.
    """
    promised = None if store is None else Promised(store, now=caches.now)
    sources = _Outside(settings, connections, caches).sources(store, promised)
    rules = rules_of(settings)
    availability, pricing = sources.availability, sources.pricing.ruled_by(rules)
    kept = store or StandingStore(None)
    points = points_over(settings.loyalty, connections, kept, caches.now)
    windows = _policy(settings.freshness.groups)
    groups = groups_over(settings, connections, kept, caches.now, policy=windows)
    members = Members(points.service, groups, rules.groups, caches.now)
    discounts = Discounts(rules, members)
    acts = CartActs(kept, terms=settings.carts, channels=settings.channels, discounts=discounts)
    promises = PromiseService(
        sources,
        rules=settings.promises,
        signer=Signer.of(settings.promises.signing, environ, fallback=token_urlsafe(32)),
        slots=None if promised is None else promised.slots,
    )
    chosen = CartPromises(acts, promises)
    spending = CartPoints(acts, settings.loyalty, points.desk)
    terms = terms_of(settings)
    elsewhere = partial(
        Elsewhere,
        availability=availability,
        promises=promises,
        preference=Preference.of(settings.promises),
        channels=settings.channels,
        partners=terms,
        now=caches.now,
    )
    pace = settings.orders
    cadence = Cadence(every=pace.follow_every, slowest=pace.follow_slowest, lasting=pace.follow_for)
    orders = orders_over(settings.bind, connections, kept, caches.now, elsewhere, cadence)
    people = people_over(
        settings.bind,
        connections,
        kept,
        caches.now,
        groups=groups,
        others=Others(
            orders=OrderHistory(kept),
            keepers=KEEPERS,
            joiners=() if settings.loyalty.external else (POINTS,),
        ),
    )
    followed = Tail(kept, FOLLOWED, every=settings.events.poll_every)
    events = Events(kept, followed, caches.now, beat=settings.events.heartbeat_every)
    return Services(
        events=events,
        partners=PartnerService(events, terms),
        products=sources.products,
        locations=sources.locations,
        availability=availability,
        pricing=pricing,
        rules=rules,
        carts=CartService(acts, Pricing(pricing, sources.products)),
        cart_codes=CartCodes(acts),
        cart_holds=CartHolds(acts, availability, chosen, spending),
        cart_points=spending,
        cart_promises=chosen,
        cart_checks=CartChecks(acts, prices=pricing, availability=availability, promises=chosen),
        hand_overs=HandOvers(acts),
        promises=promises,
        customers=people.known,
        people=people,
        customer_carts=CustomerCarts(kept),
        points=points,
        appointments=AppointmentService(
            store=kept,
            terms=settings.appointments,
            locations=sources.locations,
            selves=lambda connection, customer: locked(connection, customer).selves,
        ),
        orders=orders.service,
        order_worker=orders.worker,
        order_follower=orders.follower,
        partner_orders=PartnerOrders(
            kept,
            orders.turns,
            orders.worker,
            dispatching=Dispatching(
                availability=availability, promises=promises, route=settings.bind.order_sink
            ),
            partners=terms,
            keys_for=settings.carts.keys_for,
        ),
        keys=ApiKeys(kept, caches.now),
        order_holders=Holders(kept),
        incoming=orders.incoming,
        looks=Looks(kept),
        connections=connections,
        channels=settings.channels,
        default_channel=settings.first_channel,
    )


@dataclass(frozen=True, slots=True)
class _Outside:
    """What reads the connections."""

    settings: Settings
    connections: Connections
    caches: Caches

    def sources(self, store: Store | None, promised: Promised | None) -> Sources:
        """All of it; `promised` counts against what there is."""
        products, locations = self._products(), self._locations()
        availability = AvailabilityService(
            self._stock(),
            source_of=self.settings.bind.stock_source,
            locations=locations,
            promised=promised,
            projected=projected_stock(self.settings, store, self.caches.now),
            catalogue=products,
        )
        return Sources(
            availability=availability,
            locations=locations,
            pricing=self._pricing(),
            products=products,
        )

    def _products(self) -> ProductService:
        name, windows = self.settings.bind.catalogue, self.settings.freshness.catalogue
        return ProductService(
            port_of(self.connections, name, CatalogSource),
            health=self.connections[name].health,
            policy=_policy(windows),
            timeout=self.connections[name].configured.timeout,
            changes=self.caches.changes,
            level=self.caches.level(name, windows),
        )

    def _pricing(self) -> PricingService:
        name, windows = self.settings.bind.prices, self.settings.freshness.prices
        return PricingService(
            port_of(self.connections, name, PriceSource),
            health=self.connections[name].health,
            policy=_policy(windows),
            timeout=self.connections[name].configured.timeout,
            changes=self.caches.changes,
            level=self.caches.level(name, windows),
        )

    def _locations(self) -> LocationService:
        connections, settings = self.connections, self.settings
        return LocationService(
            {
                name: (port_of(connections, name, LocationSource), connections[name].health)
                for name in settings.bind.locations
            },
            configured={LocationCode(code): said for code, said in settings.locations.items()},
            timeout=lambda name: connections[name].configured.timeout,
        )

    def _stock(self) -> Mapping[str, StockReader]:
        return {name: self._stock_of(name) for name in self.settings.bind.stock}

    def _stock_of(self, name: str) -> StockReader:
        reader = stock_reader(
            port_of(self.connections, name, StockSource),
            health=self.connections[name].health,
            policy=_policy(self.settings.freshness.stock),
            timeout=self.connections[name].configured.timeout,
        )
        reader.heard = partial(self.caches.changes.since, (stock_of(name),))
        reader.changes = partial(self.caches.changes.count, STOCK)
        return reader


def rules_of(settings: Settings) -> RuleBook:
    """The retailer's own price lists and promotions, but for the lists that partners pay by."""
    currencies = {code: one.currency for code, one in settings.channels.items()}
    wholesale = {name for one in settings.partners.values() for name in one.price_list}
    lists = {name: one for name, one in settings.pricing.lists.items() if name not in wholesale}
    return RuleBook(settings.pricing.model_copy(update={"lists": lists}), currencies)


def _policy(windows: Windows) -> FreshnessPolicy:
    return FreshnessPolicy(
        fresh_for=windows.fresh_for,
        revalidate_for=windows.revalidate_for,
        if_error_for=windows.if_error_for,
        stale_after=windows.stale_after,
    )
