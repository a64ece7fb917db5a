"""Who comes to a store on a day? For staff."""

import datetime as dt
from typing import Annotated

import strawberry

from app.api.appointments import Appointment, At, SlotRoot
from app.api.carts import NOBODY_KEEPS
from app.api.context import Info
from app.api.customers import Customer
from app.appointments.refusals import AppointmentsNotOffered, InvalidAppointmentInput
from app.errors import InvalidInputError


@strawberry.type(
    description="An appointment as staff sees it, with who comes.", directives=NOBODY_KEEPS
)
class StoreAppointment:
    """Personal data."""

    appointment: Appointment = strawberry.field(description="When, and what for.")
    customer: Customer = strawberry.field(description="Who comes.")


@strawberry.type
class AppointmentRoot(SlotRoot):
    """The root fields of appointments."""

    @strawberry.field(
        description=(
            "Who comes to a location on a local day, in order; with those who have cancelled. For"
            " staff."
        )
    )
    async def store_appointments(
        self,
        info: Info,
        location: At,
        day: Annotated[dt.date, strawberry.argument(description="The local day.")],
    ) -> list[StoreAppointment]:
        """Two questions to the store."""
        context = info.context
        try:
            found = await context.services.appointments.on(location, day)
        except AppointmentsNotOffered as error:
            raise InvalidInputError(str(error), argument="location") from error
        except InvalidAppointmentInput as error:
            raise InvalidInputError(str(error), argument="day") from error
        people = await context.services.customers.find({one.customer for one in found})
        return [
            StoreAppointment(
                appointment=Appointment.of(one, context),
                customer=Customer.of(people[one.customer]),
            )
            for one in found
            if one.customer in people
        ]
