"""How long are the lists of the schema, as far as can be told before they are made?"""

from collections.abc import Callable
from dataclasses import replace

from graphql import GraphQLSchema

from app.api.paging import DEFAULT_FIRST, MOST_FIRST
from app.carts.wanted import MOST_LINES
from app.customers.profiles import MOST_ADDRESSES, MOST_CONTACTS, MOST_SIZES, MOST_WISHES
from app.engine.gate import FREE, ListSizes, Price, described

HELD = 200  # parts of the lines of a cart or an order, which may come from several locations
# Any caller can make these long; they have one element for each location that there is.
BY_LOCATION = (
    "AggregateAvailability.locations",
    "AggregateAvailability.unknownLocations",
    "PromiseChoice.excluded",
    "PromiseOptions.unknownLocations",
)
# What a list without a page size usually holds, not the most it may: a shop's articles come in some
# eight sizes and colours, and asking for all of them must not cost as if they were a hundred. A
# list that a caller can make as long as they like counts by the most it may hold.
SIZES = ListSizes(
    keys=frozenset({"ids", "locations", "representations", "skus"}),
    assumed={
        "AssortmentSnapshot.items": 5,  # a page of events has a hundred of them, or facts instead
        "Cart.lines": MOST_LINES,
        "Cart.problems": MOST_LINES,
        "Cart.promises": 5,
        "CartHold.units": HELD,
        "CartPromise.units": HELD // 5,
        "Customer.addresses": MOST_ADDRESSES,
        "Customer.appointments": 10,
        "Customer.carts": 20,
        "Customer.contacts": MOST_CONTACTS,
        "Customer.sizes": MOST_SIZES,
        "Customer.wishlist": MOST_WISHES,
        "CustomerCandidates.candidates": 100,
        "CustomerPurchase.lines": 20,
        "LoyaltyBalance.expiring": 100,
        "OpeningHours.specialDays": 10,
        "OpeningHours.weekly": 10,
        "Order.lines": 50,
        "OrderSnapshot.orders": 5,  # as for AssortmentSnapshot.items
        "Partner.keys": 20,
        "PartnerUsage.skus": 50,
        "Product.images": 5,
        "Product.variants": 8,
        "ProductVariant.images": 5,
        "PromiseChoice.options": 5,
        "PromiseOptions.choices": 5,
        "Query.appointmentKinds": 10,
        "Query.appointmentSlots": 150,
        "Query.partners": 20,
        "Query.upstreams": 20,
        "Upstream.operations": 10,
    }
    | dict.fromkeys(BY_LOCATION, MOST_FIRST),
    page=DEFAULT_FIRST,
    unsliced=3,
    # An object takes 10 µs; a search of 20 lines up to 65 ms, a quote of one line 0.25 ms.
    prices={
        "Query.promiseOptions": Price(450, ("input", "lines")),
        "Query.promiseCheck": Price(450, ("input", "lines")),
        "ProductVariant.promise": Price(25),
    },
)


def sizes_of(schema: GraphQLSchema, places: Callable[[], int] | None) -> ListSizes:
    """The sizes of a schema's lists, with those in which it describes itself.

    There are so many locations as `places` says at each request.
    """
    located = {} if places is None else dict.fromkeys(BY_LOCATION, places)
    return replace(SIZES, assumed={**SIZES.assumed, **located, **described(schema)}, free=FREE)
