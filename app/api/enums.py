"""The enums of the schema: words of the domain, each value with its sentence."""

from collections.abc import Mapping
from enum import Enum

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from app.availability.model import AvailabilityStatus, FulfilmentMethod
from app.carts.checking import CartProblemCode, Severity
from app.carts.model import CartStatus
from app.locations.hours import Weekday
from app.orders.model import CancelReason, HandingState, OrderState
from app.partners.limits import Limit
from app.ports import PaymentStatus, ProductSort
from app.pricing.model import CodeFate
from app.promises.drift import DriftCause
from app.promises.model import Objective, Reason, Service
from app.upstream.breaker import BreakerState
from app.upstream.health import UpstreamState
from app.upstream.report import Freshness
from app.values import LocationKind, LocationService


def tell(
    enum: type[Enum], description: str, values: Mapping[str, str], *, name: str | None = None
) -> None:
    """Register an enum; every value must be described."""
    strawberry.enum(enum, name=name, description=description)
    definition: StrawberryEnumDefinition = enum.__strawberry_definition__  # type: ignore[attr-defined]  # set by strawberry.enum
    for value in definition.values:
        value.description = values[value.name]


tell(
    Limit,
    "What a partner may sell no more of. Treat an unknown value as a limit for good.",
    {
        "OPEN_UNITS": "Units of one SKU in orders that are not over.",
        "UNITS_A_DAY": "Units of one SKU on one day of UTC.",
        "ORDERS_A_DAY": "Orders on one day of UTC.",
    },
    name="AllocationLimit",
)
tell(
    FulfilmentMethod,
    "How goods reach the shopper. Treat an unknown value as a method you cannot offer.",
    {
        "SHIP_TO_HOME": "Sent to an address.",
        "PICK_UP_IN_STORE": "Paid before, collected at a store.",
        "RESERVE_IN_STORE": "Put aside in a store, paid there.",
    },
)
tell(
    Freshness,
    "How a value came. Treat an unknown value as STALE.",
    {
        "LIVE": "Its source was asked for this answer.",
        "CACHED": "Asked a moment ago, within the retailer's window.",
        "STALE": "Older than wanted; its source could not be asked or is itself behind.",
        "UNKNOWN": "Nobody could say.",
    },
)
tell(
    AvailabilityStatus,
    "Whether a variant can be sold. Treat an unknown value as UNKNOWN.",
    {
        "IN_STOCK": "At least one unit can be sold.",
        "OUT_OF_STOCK": "Known, and nothing can be sold.",
        "NOT_CARRIED": "The location's system answered and has no such SKU.",
        "UNKNOWN": "Nobody could say; this is not zero.",
    },
)
tell(
    LocationKind,
    "What a location is. Treat an unknown value as a place shoppers are not sent to.",
    {
        "STORE": "A shop with doors and tills.",
        "WAREHOUSE": "A warehouse that serves several channels.",
        "ECOM_DC": "A depot of the online shop.",
        "SUPPLIER": "A supplier that ships to shoppers itself.",
        "PICKUP_POINT": "A place where parcels are handed over and nothing is stocked.",
        "PARTNER": "A place run by a partner.",
    },
)
tell(
    LocationService,
    "What a location does. Ignore an unknown value.",
    {
        "PICKUP": "Hands over orders that were placed elsewhere.",
        "EXPRESS_PICKUP": "Hands over orders within the hour.",
        "RESERVE": "Puts goods aside, to be paid there.",
        "SHIP_FROM": "Sends goods to shoppers.",
        "RETURN": "Takes goods back.",
        "APPOINTMENT": "Receives by appointment.",
    },
)
tell(
    Weekday,
    "A day of the week.",
    {day.name: f"{day.name.capitalize()}." for day in Weekday},
)
tell(
    ProductSort,
    "The order of a product listing.",
    {"NAME": "By name in the caller's language.", "NEWEST": "Latest additions first."},
)
tell(
    UpstreamState,
    "How an upstream is doing. Treat an unknown value as DEGRADED.",
    {
        "UNKNOWN": "Not called yet.",
        "UP": "Answers everything.",
        "DEGRADED": "Some of what it is asked fails.",
        "DOWN": "Nothing goes through.",
    },
)
tell(
    BreakerState,
    "Whether calls go through to an upstream.",
    {
        "CLOSED": "They do.",
        "OPEN": "They do not, for a moment, after repeated failures.",
        "HALF_OPEN": "The next one goes through as a probe.",
    },
)
tell(
    CartStatus,
    "Whether a cart may still be changed. Treat an unknown value as one that may not.",
    {
        "OPEN": "It may.",
        "MERGED": "It was merged into another cart.",
        "ORDERED": "It was bought.",
    },
)
tell(
    CartProblemCode,
    "What stands in the way of buying a cart. Treat an unknown value by its severity.",
    {
        "INSUFFICIENT_STOCK": "There are fewer units than the line has.",
        "STOCK_UNKNOWN": "Nobody can say whether there are enough.",
        "PRICE_CHANGED": "It costs something else than when it was put in.",
        "PRICE_UNKNOWN": "Nobody can say what it costs.",
        "NOT_SOLD": "The channel does not sell it any more.",
        "CURRENCY_MISMATCH": "The channel sells in another currency than the cart has.",
        "PROMISE_DRIFTED": "What was promised does not hold any more.",
        "DISCOUNT_CHANGED": "Rules take something else off it than when it was put in.",
        "DISCOUNT_CODE_NOT_MET": "A code is good, and takes nothing off what is in the cart.",
        "DISCOUNT_CODE_REFUSED": "A code is not valid, or not any more.",
    },
)
tell(
    CodeFate,
    "What became of the code of a coupon. Treat an unknown value as UNKNOWN.",
    {
        "APPLIED": "It takes something off.",
        "NOT_MET": "It takes nothing off what is in the cart.",
        "UNKNOWN": "There is no such code.",
        "NOT_YET": "It is good later.",
        "EXPIRED": "It was good before.",
        "OTHER_CHANNEL": "It is good through other channels.",
        "OTHER_CUSTOMERS": "It is for other customers.",
        "USED_UP": "It was redeemed as often as it may be.",
    },
    name="DiscountCodeFate",
)
tell(
    Severity,
    "What a problem means for buying. Treat an unknown value as BLOCKING.",
    {
        "BLOCKING": "It cannot be bought like that: change the line.",
        "REVIEW": "It can be bought when the buyer agrees.",
        "TEMPORARY": "It may pass by itself: ask again.",
    },
)
tell(
    Service,
    "How one shipment goes. Treat an unknown value as STANDARD.",
    {
        "STANDARD": "Carried in the usual time.",
        "EXPRESS": "Carried faster than usual.",
        "NEXT_DAY": "Carried by the next day of delivery.",
        "FROM_SHELF": "Taken from the shelf of the store that hands it over.",
        "FROM_SHELF_EXPRESS": "The same, within the hour or so.",
        "TRANSFER": "Brought from another location to the store that hands it over.",
        "RESERVED": "Put aside in the store, and paid there.",
    },
    name="PromiseService",
)
tell(
    Objective,
    "What an option can be good at. Ignore an unknown value.",
    {
        "COST": "Cost to the retailer.",
        "SPEED": "Latest arrival.",
        "EMISSIONS": "CO2e of the estimate.",
    },
    name="PromiseObjective",
)
tell(
    Reason,
    "Why a location is in no option. Treat an unknown value as DOMINATED.",
    {
        "FENCED": "A rule of the retailer's forbids it.",
        "SERVICE_NOT_OFFERED": "The location does not do this for shoppers.",
        "NO_LANE": "Nobody carries anything from there to here.",
        "NO_OPENING_HOURS": "Nobody says when it works.",
        "NO_CAPACITY": "It is closed, or its slots are full, for weeks.",
        "UNKNOWN_STOCK": "Its system could not say what it has; this is not zero.",
        "NOT_CARRIED": "It does not carry any of it.",
        "OUT_OF_STOCK": "It carries it and has none.",
        "NOT_ENOUGH_STOCK": "It has some, and no split with it is worth it.",
        "TOO_HEAVY": "No service takes it in one parcel, and no split with it is worth it.",
        "DOMINATED": "Options are at least as good in all respects.",
        "NOT_LOOKED_AT": "The search ended before; see gap.",
    },
    name="PromiseExclusionReason",
)
tell(
    DriftCause,
    "What has changed since a promise. Treat an unknown value as STOCK.",
    {
        "STOCK": "What it was to be made of is not there any more.",
        "CUTOFF_PASSED": "The last moment to order it like this has passed.",
        "CAPACITY": "Slots have been filled, or hours cut, meanwhile.",
        "CARRIER": "A carrier does not go like this any more.",
        "PRICE": "What the shopper pays, for goods or their delivery, is another.",
        "ADDRESS": "It is to go elsewhere.",
    },
    name="PromiseDriftCause",
)
tell(
    OrderState,
    "How far an order is. Treat an unknown value as an order that goes on.",
    {
        "PENDING_CONFIRMATION": "Goods are kept for it; whether it is paid is not known yet.",
        "REFUSED": "The money was declined; nothing is kept for it.",
        "PLACED": "It is paid, and about to be handed to those who carry it out.",
        "SOURCED": "Everybody who carries it out has it.",
        "IN_FULFILMENT": "Some of those who carry it out are done with their part, others not yet.",
        "COMPLETED": "All who carry it out are done: everything has been sent, or fetched.",
        "CANCELLING": "It is being stopped.",
        "CANCELLED": "It was stopped; goods and money were given back.",
    },
)
tell(
    CancelReason,
    "Why an order was refused or cancelled. Treat an unknown value as a reason of the retailer's.",
    {
        "BUYER": "The buyer did not want it any more.",
        "STAFF": "The retailer stopped it.",
        "PAYMENT_DECLINED": "The money was declined.",
        "PAYMENT_FAILED": "The money could not be had.",
        "REFUSED_UPSTREAM": "A system that should have carried it out refused.",
    },
)
tell(
    HandingState,
    "Whether a system has its part of an order. Treat an unknown value as UNSURE.",
    {
        "WAITING": "It has not been told yet, or could not take it yet.",
        "UNSURE": "It was told, and nobody knows yet whether it took it.",
        "TAKEN": "It has it.",
        "COMPLETED": "It has carried it out.",
        "REFUSED": "It does not carry it out.",
        "REPLACED": "It did not carry it out, and others do instead.",
        "STOPPED": "It was told to stop, or the order goes on without what it refused.",
    },
)
tell(
    PaymentStatus,
    "Whether the provider keeps the money ready. Treat an unknown value as not paid.",
    {
        "AUTHORISED": "It does, or has taken it.",
        "DECLINED": "It does not.",
        "VOIDED": "It has let go of it.",
    },
)
