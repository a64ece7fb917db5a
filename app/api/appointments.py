"""GraphQL face of appointments: when there can be some, and somebody's own."""

import datetime as dt
from typing import Annotated, Self
from zoneinfo import ZoneInfo

import strawberry

from app.api.auditing import looked_at
from app.api.context import Context, Info
from app.api.hints import AS_ITS_OWNER, NOBODY_KEEPS
from app.api.nodes import Node, global_id
from app.appointments import model
from app.appointments.model import AppointmentState
from app.appointments.refusals import AppointmentsNotOffered, UnknownAppointmentKind
from app.customers.model import Customer
from app.errors import InvalidInputError
from app.values import LocationCode

MOST_DAYS = 14


@strawberry.type(
    description="What one may come to a location for, by appointment.", directives=AS_ITS_OWNER
)
class AppointmentKind:
    """As the retailer has set it."""

    code: str = strawberry.field(description="Its key; appointmentBook takes it.")
    label: str = strawberry.field(description="What it is called.")
    length: dt.timedelta = strawberry.field(description="How long it takes.")


@strawberry.type(
    description="A time at which an appointment can begin, as of now.", directives=AS_ITS_OWNER
)
class AppointmentSlot:
    """Nothing is held by it."""

    starts_at: dt.datetime = strawberry.field(description="When it begins, in the store's time.")
    ends_at: dt.datetime = strawberry.field(description="When it ends.")
    left: int = strawberry.field(description="How many can begin then; at least 1.")

    @classmethod
    def of(cls, free: model.Free) -> Self:
        """Dress a free start."""
        return cls(starts_at=free.starts, ends_at=free.ends, left=free.left)


@strawberry.type(
    description="Somebody's time with the staff of a store. Only they and staff may see it.",
    directives=NOBODY_KEEPS,
)
class Appointment(Node):
    """Personal data."""

    id: strawberry.ID = strawberry.field(description="Opaque.")
    version: int = strawberry.field(description="One more with every change; changes name it.")
    location: LocationCode = strawberry.field(description="The code of the store.")
    kind: str = strawberry.field(description="What for, by its code.")
    label: str | None = strawberry.field(
        description="What that is called; null where it is not offered any more."
    )
    starts_at: dt.datetime = strawberry.field(description="When it begins, in the store's time.")
    ends_at: dt.datetime = strawberry.field(description="When it ends.")
    state: AppointmentState = strawberry.field(description="Whether it takes place.")

    @classmethod
    def of(cls, one: model.Appointment, context: Context) -> Self:
        """Dress an appointment."""
        looked_at(one.id)
        known = context.services.appointments.terms.kinds.get(one.kind)
        zone = _zone(one.location, context)
        return cls(
            id=global_id("Appointment", one.id),
            version=one.version,
            location=one.location,
            kind=one.kind,
            label=None if known is None else known.label,
            starts_at=one.starts.astimezone(zone),
            ends_at=one.ends.astimezone(zone),
            state=one.state,
        )


def _zone(code: LocationCode, context: Context) -> dt.tzinfo:
    """The clock of a location; UTC where it has none any more."""
    place = context.services.locations.find(code)
    if place is None or place.location.hours is None:
        return dt.UTC
    return ZoneInfo(place.location.hours.time_zone)


async def appointments_of(customer: Customer, context: Context) -> list[Appointment]:
    """A customer's that are not over."""
    found = await context.services.appointments.of(customer.selves, now=context.now)
    return [Appointment.of(one, context) for one in found]


At = Annotated[LocationCode, strawberry.argument(description="The code of a location.")]


@strawberry.type
class SlotRoot:
    """The root fields of what is offered."""

    @strawberry.field(
        description="What one may come to a location for; empty where it has no appointments."
    )
    async def appointment_kinds(self, info: Info, location: At) -> list[AppointmentKind]:
        """From memory."""
        service = info.context.services.appointments
        told = ((one.kind, service.terms.kinds[one.kind]) for one in service.offers(location))
        return [
            AppointmentKind(code=code, label=kind.label, length=kind.length) for code, kind in told
        ]

    @strawberry.field(
        description=(
            "When an appointment can begin that a shopper may book now, in order. Nothing is held:"
            " another may be faster."
        )
    )
    async def appointment_slots(
        self,
        info: Info,
        location: At,
        kind: Annotated[str, strawberry.argument(description="The code of a kind.")],
        from_: Annotated[
            dt.date | None,
            strawberry.argument(
                name="from", description="The first local day; today if not given, or earlier."
            ),
        ] = None,
        days: Annotated[int, strawberry.argument(description="How many local days, 1 to 14.")] = 7,
    ) -> list[AppointmentSlot]:
        """One question to the store."""
        if not 1 <= days <= MOST_DAYS:
            raise InvalidInputError(f"days is 1 to {MOST_DAYS}.", argument="days")
        service = info.context.services.appointments
        try:
            offer = service.offer(location, kind)
        except UnknownAppointmentKind as error:
            raise InvalidInputError(str(error), argument="kind") from error
        except AppointmentsNotOffered as error:
            raise InvalidInputError(str(error), argument="location") from error
        found = await service.free(offer, from_, days, now=info.context.now)
        return [AppointmentSlot.of(one) for one in found]
