"""Who may read what? One page of rules, told in the schema by `@access`.

A field's own rule goes before that of its type; root fields have rules of their own. What has no
rule is closed to everybody, and the schema does not build. Whose object it is, is decided where the
object is known, in the services.
"""

from collections.abc import Iterable, Iterator, Mapping

import strawberry
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
)
from graphql import is_abstract_type as is_abstract
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.schema_directive import Location, schema_directive

from app.engine.gate import Access
from app.values import PrincipalKind

DEFINITION = GraphQLCoreConverter.DEFINITION_BACKREF
Kinds = frozenset[PrincipalKind]
EVERYONE: Kinds = frozenset(PrincipalKind)
PARTNERS: Kinds = frozenset({PrincipalKind.PARTNER})
THE_HOUSE: Kinds = frozenset({PrincipalKind.STAFF, PrincipalKind.OPERATOR})

STAFF: Kinds = frozenset({PrincipalKind.STAFF})
THE_PERSON: Kinds = frozenset({PrincipalKind.CUSTOMER, PrincipalKind.STAFF})

FIELDS: Mapping[str, Kinds] = {
    # What is on sale, where, and when it can be there.
    **dict.fromkeys(
        (
            *("Query.product", "Query.products", "Query.variants"),
            *("Query.location", "Query.locations", "Query.node", "Query.nodes"),
            *("Query.promiseOptions", "Query.promiseCheck"),
            *("Query.appointmentKinds", "Query.appointmentSlots"),
            *("Query._entities", "Query._service"),
            # Whoever may not see the object is told that there is none.
            *("Customer.id", "Appointment.id"),
        ),
        EVERYONE,
    ),
    # Carts and orders: whoever knows the id of a cart, or has the token of an order.
    **dict.fromkeys(
        (
            *("Query.cart", "Query.order", "Query.orders"),
            *("Mutation.cartCreate", "Mutation.cartBuyerSet", "Mutation.cartPromiseSelect"),
            *("Mutation.cartLinesAdd", "Mutation.cartLinesUpdate", "Mutation.cartLinesRemove"),
            "Mutation.cartDiscountCodesSet",
            *("Mutation.cartMerge", "Mutation.cartHandOver", "Mutation.cartTakeOver"),
            *("Mutation.cartHold", "Mutation.cartHoldRelease"),
            *("Mutation.orderPlace", "Mutation.orderCancel"),
            *("Query.orderEvents", "Subscription.orderEvents", "Subscription.cartChanged"),
        ),
        EVERYONE,
    ),
    # People: themselves, and staff.
    "Query.me": EVERYONE,  # nobody, to whoever has not signed in
    **dict.fromkeys(
        (
            *("Query.privacyRequest", "Mutation.customerRegister", "Mutation.customerUpdate"),
            *("Mutation.consentSet", "Mutation.wishlistAdd", "Mutation.wishlistRemove"),
            *("Mutation.customerExport", "Mutation.customerErase"),
            *("Mutation.appointmentBook", "Mutation.appointmentMove"),
            "Mutation.appointmentCancel",
        ),
        THE_PERSON,
    ),
    **dict.fromkeys(
        (
            *("Query.customer", "Query.customerCandidates", "Query.storeAppointments"),
            *("Mutation.customerLink", "Mutation.customerUnlink"),
            *("Mutation.customerMerge", "Mutation.customerUnmerge", "Mutation.customerGroupsSet"),
            *("Customer.notes", "Customer.identities", "Customer.mergedIds"),
            "Customer.suggestions",
        ),
        STAFF,
    ),
    "Query.loyaltyAccount": THE_PERSON,
    "Mutation.loyaltyEnrol": THE_PERSON,
    "Mutation.cartPointsSet": EVERYONE,  # who has a cart of a customer, as with all of a cart
    "Mutation.pointsAdjust": frozenset({PrincipalKind.STAFF}),
    "Mutation.cartCustomerSet": EVERYONE - {PrincipalKind.GUEST, PrincipalKind.PARTNER},
    # What a partner sees is its own; there is no way to name another.
    **dict.fromkeys(
        (
            *("Query.partner", "Query.assortmentEvents", "Subscription.assortmentEvents"),
            *("Mutation.partnerCursorAck", "Mutation.partnerOrderPlace"),
            "Mutation.partnerOrderCancel",
        ),
        PARTNERS,
    ),
    "Query.partners": THE_HOUSE,
    **dict.fromkeys(
        ("Order.partner", "Order.reference", "OrderDelta.reference"), PARTNERS | THE_HOUSE
    ),
    # Where they are in a stream is asked of messages of all streams together.
    **dict.fromkeys(("AssortmentDelta.cursor", "AssortmentSnapshot.cursor"), EVERYONE),
    # How the retailer runs, what things cost it, and why it sends from here and not from there.
    "Query.upstreams": THE_HOUSE,
    "PromiseOption.costToRetailer": THE_HOUSE,
    "PromiseChoice.excluded": THE_HOUSE,
    # Whether there is such a code.
    "CartProblem.codeFate": THE_HOUSE,
}
TYPES: Mapping[str, Kinds] = {
    **dict.fromkeys(
        (
            *("Product", "ProductConnection", "ProductEdge", "ProductVariant", "VariantOption"),
            "BundleComponent",
            *("Category", "Image", "Price", "Money", "PageInfo"),
            *("Category", "Image", "Price", "Discount", "Money", "PageInfo"),
            *("Location", "LocationConnection", "LocationEdge", "Address", "GeoPoint"),
            *("OpeningHours", "OpeningPeriod", "SpecialDay", "WeeklyOpening"),
            *("Availability", "AggregateAvailability", "IncomingSupply"),
            *("PromiseOptions", "PromiseChoice", "PromiseOption", "PromiseLeg", "PromiseLine"),
            *("PromiseMargin", "PromiseBefore", "PromiseDrift", "PromiseDrifted"),
            *("EmissionEstimate", "EmissionPart"),
            *("Cart", "CartBuyer", "CartHold", "CartLine", "CartPromise", "HeldUnits"),
            *("CartChanged", "CartClosed", "CartHandedOver", "CartNotFound", "CartProblem"),
            *("CartVersionConflict", "HandOverCodeRefused"),
            *("Order", "OrderLine", "OrderPart", "OrderPayment", "OrderPlaced", "OrderCancelled"),
            *("OrderDelta", "OrderEventPage", "OrderSnapshot"),
            *("Gap", "Heartbeat", "Removed", "StreamEvent"),
            *("OrderConnection", "OrderEdge", "OrderPoints", "OrderWindow"),
            *("OrderNotCancellable", "OrderNotFound", "OrderNotPossible", "PaymentDeclined"),
            *("SkusNotOffered", "CurrencyNotAllowed", "AllocationLimitExceeded", "ReferenceUsed"),
            *("PaymentNeeded", "PriceChanged", "DiscountCodeRefused"),
            *("HoldLost", "IdempotencyKeyRefused", "InvalidInput", "InsufficientStock"),
            *("Shortage", "StockUnknown", "PriceUnknown", "VariantNotSold", "CurrencyMismatch"),
            *("DestinationProblem", "QuantityProblem", "SkuProblem", "StoreProblem"),
            *("TokenProblem", "PromiseShortage"),
            *("CustomerNotFound", "CustomerNotMerged", "CustomersNotMergeable"),
            *("CustomerVersionConflict", "IdentityLinked", "IdentityNotFound"),
            *("CartWithoutCustomer", "InsufficientPoints", "NotAMember", "PointsNotUsable"),
            *("LoyaltyCardRefused", "LoyaltyUnavailable"),
            *("AppointmentKind", "AppointmentSlot", "AppointmentsNotOffered"),
            *("AppointmentNotFound", "AppointmentVersionConflict", "AppointmentClosed"),
            *("UnknownAppointmentKind", "AppointmentLimitReached", "AppointmentFull"),
            *("AppointmentOutsideHours", "AppointmentTooSoon", "AppointmentTooFar"),
            *("Node", "Problem", "_Service"),
        ),
        EVERYONE,
    ),
    **dict.fromkeys(
        (
            *("Customer", "CustomerContact", "CustomerAddress", "CustomerSize"),
            *("CustomerConsent", "CustomerWish", "CustomerPurchase", "PurchaseLine"),
            "CustomerGroup",
            *("PurchaseConnection", "PurchaseEdge", "PrivacyRequest", "PrivacyReceipt"),
            *("CustomerChanged", "PrivacyRequested", "Appointment", "AppointmentChanged"),
        ),
        THE_PERSON,
    ),
    **dict.fromkeys(
        (
            *("CustomerIdentity", "CustomerCandidate", "CustomerCandidates"),
            *("StoreAppointment", "StoreAppointmentConnection", "StoreAppointmentEdge"),
        ),
        STAFF,
    ),
    **dict.fromkeys(
        (
            *("AssortmentDelta", "AssortmentEventPage", "AssortmentItem", "AssortmentSnapshot"),
            *("PartnerCursorAcknowledged", "PartnerOrderPlaced", "PartnerOrderCancelled"),
        ),
        PARTNERS,
    ),
    **dict.fromkeys(
        ("Partner", "PartnerKey", "PartnerLimits", "PartnerSkuUsage", "PartnerUsage"),
        PARTNERS | THE_HOUSE,
    ),
    **dict.fromkeys(
        (
            *("LoyaltyAccount", "LoyaltyBalance", "LoyaltyTier", "ExpiringPoints"),
            *("LoyaltyEntry", "LoyaltyEntryConnection", "LoyaltyEntryEdge"),
            "LoyaltyChanged",
        ),
        THE_PERSON,
    ),
    **dict.fromkeys(
        ("PromiseExclusion", "Upstream", "UpstreamFailure", "UpstreamOperation"), THE_HOUSE
    ),
}
# Types and fields that tell of a person. What staff and operators read of it is written down.
PERSONAL = frozenset(
    {
        *("Cart.buyer", "CartBuyer", "Customer", "CustomerContact", "CustomerAddress"),
        *("CustomerSize", "CustomerConsent", "CustomerWish", "CustomerPurchase", "PurchaseLine"),
        *("CustomerIdentity", "CustomerCandidate", "PrivacyRequest", "PrivacyReceipt"),
        "CustomerGroup",
        *("Order", "OrderLine", "OrderPart", "OrderPayment", "OrderPoints", "OrderWindow"),
        *("LoyaltyAccount", "LoyaltyBalance", "LoyaltyTier", "ExpiringPoints", "LoyaltyEntry"),
        *("Appointment", "StoreAppointment"),
        # What is found by its id may be a person.
        *("Query.node", "Query.nodes", "Query._entities"),
    }
)
BITS: Mapping[PrincipalKind, int] = {kind: 1 << at for at, kind in enumerate(PrincipalKind)}
IMPERSONAL = 1 << len(BITS)  # of operations that tell of no person
MOST_NAMED = 10  # fields of one message
Coordinate = tuple[str, str]
Composite = GraphQLObjectType | GraphQLInterfaceType


class UnruledError(Exception):
    """Fields that nobody said who may read; or rules for what is not there."""


@schema_directive(
    locations=[Location.OBJECT, Location.INTERFACE, Location.FIELD_DEFINITION],
    name="access",
    description=(
        "Who may read it. A field's own rule goes before that of its type. An operation that asks"
        " for more than its caller may read is refused as a whole."
    ),
)
class Restricted:
    """The directive."""

    to: list[PrincipalKind]


@schema_directive(
    locations=[Location.OBJECT, Location.FIELD_DEFINITION],
    name="personal",
    description=(
        "Tells of a person. What staff and operators read of it is written into the audit log."
    ),
)
class Personal:
    """The directive."""


def tell_rules(schema: strawberry.Schema) -> bool:
    """Put the rules into the definitions that a schema is made of, where they are printed from.

    Whether one was not there yet: the schema has to be made of them anew.

    Raises:
        UnruledError: see there.
    """
    new = False
    types = schema._schema.type_map  # noqa: SLF001  strawberry has no public name for it
    for name, one in _composites(types.values()):
        if name in TYPES:
            new |= _told(one, _rule(TYPES[name]))
        if name in PERSONAL:
            new |= _told(one, Personal())
        for field_name, field in one.fields.items():
            if (kinds := FIELDS.get(f"{name}.{field_name}")) is not None:
                new |= _told(field, _rule(kinds))
            if f"{name}.{field_name}" in PERSONAL:
                new |= _told(field, Personal())
    if unruled := sorted(f"{type_}.{field}" for type_, field in _unruled(types)):
        raise UnruledError("say in app/api/access.py who may read " + ", ".join(unruled))
    return new


def access_of(schema: GraphQLSchema) -> Access:
    """The rules, by what can be asked: of an interface, what may be read of all behind it."""
    told: dict[Coordinate, int] = {}
    for name, one in _composites(schema.type_map.values()):
        behind = schema.get_possible_types(one) if is_abstract(one) else ()
        for field in one.fields:
            bits = -1
            for owner in {name, *(each.name for each in behind)}:
                bits &= bits_of(kinds_of(owner, field)) | IMPERSONAL * (not personal(owner, field))
            told[name, field] = bits
    return told


def kinds_of(type_: str, field: str) -> Kinds:
    """Who may read a field; nobody where nothing is said."""
    return FIELDS.get(f"{type_}.{field}", TYPES.get(type_, frozenset()))


def personal(type_: str, field: str) -> bool:
    """Whether a field tells of a person."""
    return type_ in PERSONAL or f"{type_}.{field}" in PERSONAL


def bits_of(kinds: Iterable[PrincipalKind]) -> int:
    """A bit for each."""
    return sum(BITS[kind] for kind in set(kinds))


def _composites(types: Iterable[GraphQLNamedType]) -> Iterator[tuple[str, Composite]]:
    for one in types:
        if isinstance(one, Composite) and not one.name.startswith("__"):
            yield one.name, one


def _unruled(types: Mapping[str, GraphQLNamedType]) -> Iterator[Coordinate]:
    for name, one in _composites(types.values()):
        yield from ((name, field) for field in one.fields if not kinds_of(name, field))


def _rule(kinds: Kinds) -> Restricted:
    return Restricted(to=[kind for kind in PrincipalKind if kind in kinds])


def _told(one: Composite | GraphQLField, directive: Restricted | Personal) -> bool:
    """A definition that is there in several schemas is told once."""
    definition = one.extensions[DEFINITION]
    directives = list(definition.directives or ())
    if any(isinstance(each, type(directive)) for each in directives):
        return False
    definition.directives = [*directives, directive]
    return True


def refusal_of(fields: Iterable[Coordinate]) -> str:
    """What to say to somebody who may not read these, with who may; without names of types."""
    named = list(fields)
    told = ", ".join(sorted({field for _, field in named})[:MOST_NAMED])
    kinds = frozenset.intersection(*(kinds_of(*one) for one in named))
    who = ", ".join(kind for kind in PrincipalKind if kind in kinds) or "nobody who asks for all"
    return f"{told} may be read by {who}: leave it out, or sign in as one."
