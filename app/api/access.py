"""Who may read what? One page of rules, told in the schema by `@access`.

A field's own rule goes before that of its type; root fields have rules of their own. What has no
rule is closed to everybody, and the schema does not build. Whose object it is, is decided where the
object is known, in the services.
"""

from collections.abc import Iterable, Mapping

from app.values import PrincipalKind

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


def kinds_of(type_: str, field: str) -> Kinds:
    """Who may read a field; nobody where nothing is said."""
    return FIELDS.get(f"{type_}.{field}", TYPES.get(type_, frozenset()))


def personal(type_: str, field: str) -> bool:
    """Whether a field tells of a person."""
    return type_ in PERSONAL or f"{type_}.{field}" in PERSONAL


def bits_of(kinds: Iterable[PrincipalKind]) -> int:
    """A bit for each."""
    return sum(BITS[kind] for kind in set(kinds))


def refusal_of(fields: Iterable[Coordinate]) -> str:
    """What to say to somebody who may not read these, with who may; without names of types."""
    named = list(fields)
    told = ", ".join(sorted({field for _, field in named})[:MOST_NAMED])
    kinds = frozenset.intersection(*(kinds_of(*one) for one in named))
    who = ", ".join(kind for kind in PrincipalKind if kind in kinds) or "nobody who asks for all"
    return f"{told} may be read by {who}: leave it out, or sign in as one."
