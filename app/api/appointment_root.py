"""Who comes to a store on a day? For staff."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated

import strawberry

from app.api.appointments import Appointment, At, SlotRoot
from app.api.context import Context, Info
from app.api.customers import Customer
from app.api.hints import NOBODY_KEEPS
from app.api.paging import (
    AfterArgument,
    FirstArgument,
    PageInfo,
    decode_cursor,
    encode_cursor,
    moment_in,
    page_size,
)
from app.appointments import model
from app.appointments.model import AppointmentId
from app.appointments.refusals import AppointmentsNotOffered, InvalidAppointmentInput
from app.appointments.repository import Spot
from app.errors import InvalidInputError


@strawberry.type(
    description="An appointment as staff sees it, with who comes.", directives=NOBODY_KEEPS
)
class StoreAppointment:
    """Personal data."""

    appointment: Appointment = strawberry.field(description="When, and what for.")
    customer: Customer = strawberry.field(description="Who comes.")


@strawberry.type(description="Who comes, in a list.", directives=NOBODY_KEEPS)
class StoreAppointmentEdge:
    """See the Relay cursor connections specification."""

    cursor: str = strawberry.field(description="Place in the list.")
    node: StoreAppointment = strawberry.field(description="The appointment, with who comes.")


@strawberry.type(
    description="A page of who comes, the first to come first.", directives=NOBODY_KEEPS
)
class StoreAppointmentConnection:
    """See the Relay cursor connections specification."""

    edges: list[StoreAppointmentEdge] = strawberry.field(description="Who comes, of this page.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")


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
        first: FirstArgument = None,
        after: AfterArgument = None,
    ) -> StoreAppointmentConnection:
        """A page, in two questions to the store."""
        context, size, spot = info.context, page_size(first), _spot(after)
        service = context.services.appointments
        try:
            found = await service.on(location, day, first=size + 1, after=spot)
        except AppointmentsNotOffered as error:
            raise InvalidInputError(str(error), argument="location") from error
        except InvalidAppointmentInput as error:
            raise InvalidInputError(str(error), argument="day") from error
        page = found[:size]
        where = PageInfo(
            has_next_page=len(found) > size,
            has_previous_page=spot is not None,
            start_cursor=_cursor(page[0]) if page else None,
            end_cursor=_cursor(page[-1]) if page else None,
        )
        return StoreAppointmentConnection(edges=await _edges(context, page), page_info=where)


async def _edges(
    context: Context, found: Sequence[model.Appointment]
) -> list[StoreAppointmentEdge]:
    """Those whose customer is still there."""
    people = await context.services.customers.find({one.customer for one in found})
    return [
        StoreAppointmentEdge(
            cursor=_cursor(one),
            node=StoreAppointment(
                appointment=Appointment.of(one, context),
                customer=Customer.of(people[one.customer]),
            ),
        )
        for one in found
        if one.customer in people
    ]


def _cursor(one: model.Appointment) -> str:
    return encode_cursor(one.starts.isoformat(), one.id)


def _spot(after: str | None) -> Spot | None:
    """The place in the list that a cursor is of.

    Raises:
        InvalidInputError: it is not a cursor of this list.
    """
    key = decode_cursor(after, str, str)
    return None if key is None else (moment_in(key[0]), AppointmentId(key[1]))
