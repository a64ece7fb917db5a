"""Which objects may be referred to by others, by what, and how are they found?

`node`, `nodes` and a router's `_entities` all ask here; products and variants together cost one
question to the catalogue. What is of a person is there for them and for staff: to everybody else it
is as if there were none.
"""

from collections.abc import Sequence

from app.api.appointments import Appointment
from app.api.context import Context
from app.api.customers import Customer, may_see
from app.api.federation import Entity, Reference, by_name
from app.api.locations import Location, location_by_key
from app.api.nodes import key_of
from app.api.paging import LONGEST_KEY
from app.api.product_root import products_by_key
from app.api.products import Product
from app.api.variants import ProductVariant
from app.appointments.model import AppointmentId
from app.errors import InvalidInputError
from app.ports import ProductKey
from app.values import CustomerId


async def from_catalogue(
    context: Context, references: Sequence[Reference]
) -> list[Product | ProductVariant | InvalidInputError | None]:
    """Products and variants, in one question."""
    keys = [_product_key(reference) for reference in references]
    asked = list(dict.fromkeys(key for key in keys if isinstance(key, ProductKey)))
    products = await products_by_key(context, asked, context.languages(None))
    found = dict(zip(asked, products, strict=True))
    return [
        _picked(found[key], key, reference.typename) if isinstance(key, ProductKey) else key
        for key, reference in zip(keys, references, strict=True)
    ]


def _product_key(reference: Reference) -> ProductKey | InvalidInputError:
    try:
        key = _text(reference)
    except InvalidInputError as wrong:
        return wrong
    if reference.key == "handle":
        return ProductKey("handle", key)
    return ProductKey("id" if reference.typename == "Product" else "sku", key)


def _picked(
    product: Product | None, key: ProductKey, typename: str
) -> Product | ProductVariant | None:
    if product is None or typename == "Product":
        return product
    return product.variant_of(key.value)


async def from_directory(
    context: Context, references: Sequence[Reference]
) -> list[Location | InvalidInputError | None]:
    """Locations, from memory."""
    return [_location(context, reference) for reference in references]


def _location(context: Context, reference: Reference) -> Location | InvalidInputError | None:
    try:
        return location_by_key(context, _text(reference), context.languages(None)[0])
    except InvalidInputError as wrong:
        return wrong


async def from_people(
    context: Context, references: Sequence[Reference]
) -> list[Customer | InvalidInputError | None]:
    """Customers, in one question to the store."""
    keys = [_key(reference) for reference in references]
    asked = {CustomerId(key) for key in keys if isinstance(key, str)}
    seen = {key for key in asked if await may_see(context, key)}
    found = await context.services.customers.find(seen) if seen else {}
    dressed = {key: Customer.of(one) for key, one in found.items()}
    return [dressed.get(CustomerId(key)) if isinstance(key, str) else key for key in keys]


async def from_appointments(
    context: Context, references: Sequence[Reference]
) -> list[Appointment | InvalidInputError | None]:
    """Appointments, in one question to the store."""
    keys = [_key(reference) for reference in references]
    asked = {AppointmentId(key) for key in keys if isinstance(key, str)}
    found = await context.services.appointments.find(asked)
    dressed = {
        str(one.id): Appointment.of(one, context)
        for one in found
        if await may_see(context, one.customer)
    }
    return [dressed.get(key) if isinstance(key, str) else key for key in keys]


def _key(reference: Reference) -> str | InvalidInputError:
    try:
        return _text(reference)
    except InvalidInputError as wrong:
        return wrong


def _text(reference: Reference) -> str:
    """The object's own key, as the outside knows it.

    Raises:
        InvalidInputError: it is none.
    """
    given = reference.fields[reference.key]
    if not isinstance(given, str) or not 0 < len(given) <= LONGEST_KEY:
        raise InvalidInputError(
            f"The {reference.key} of a {reference.typename} is a string"
            f" of 1 to {LONGEST_KEY} characters.",
            argument=reference.key,
        )
    if reference.key != "id":
        return given
    return key_of(given, reference.typename, argument=reference.key)


ENTITIES = by_name(
    Entity(Product, ("id", "handle"), from_catalogue),
    Entity(ProductVariant, ("id", "sku"), from_catalogue),
    Entity(Location, ("id", "code"), from_directory),
    Entity(Customer, ("id",), from_people),
)
# What has an id of its own, and is no router's business.
NODES = {**ENTITIES, **by_name(Entity(Appointment, ("id",), from_appointments))}
