"""GraphQL face of what can be done with appointments: one input, one result."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import astuple
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any

import orjson
import strawberry

from app.api.appointment_problems import (
    AppointmentClosed,
    AppointmentFull,
    AppointmentLimitReached,
    AppointmentNotFound,
    AppointmentOutsideHours,
    AppointmentsNotOffered,
    AppointmentTooFar,
    AppointmentTooSoon,
    AppointmentVersionConflict,
    UnknownAppointmentKind,
    appointment_problem,
)
from app.api.appointments import Appointment
from app.api.cart_problems import IdempotencyKeyRefused, InvalidInput
from app.api.context import Context, Info
from app.api.customer_problems import CustomerNotFound
from app.api.customers import whose
from app.api.hints import NOBODY_KEEPS
from app.api.identity_inputs import ABOUT, sound_key
from app.api.nodes import key_of
from app.appointments import model, refusals
from app.appointments.changing import Request
from app.appointments.model import AppointmentId
from app.errors import InvalidInputError, Refusal
from app.store.keys import Once
from app.values import CustomerId, LocationCode

ID = re.compile(r"[A-Za-z0-9_-]{24}")
KEY = "16 to 100 visible ASCII characters that are only this request's: asked again, it is one."
START = "When it is to begin, with an offset; one of appointmentSlots."
Input = strawberry.argument(description="All that it takes.")


@strawberry.input(description="Somebody wants to come.")
class AppointmentBookInput:
    """See appointmentBook."""

    customer_id: strawberry.ID | None = strawberry.field(default=None, description=ABOUT)
    location: LocationCode = strawberry.field(description="The code of a location.")
    kind: str = strawberry.field(description="What for: the code of a kind.")
    start: datetime = strawberry.field(description=START)
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.input(description="Somebody wants to come at another time.")
class AppointmentMoveInput:
    """See appointmentMove."""

    appointment_id: strawberry.ID = strawberry.field(description="The id of an appointment.")
    version: int = strawberry.field(description="The version that the caller saw.")
    location: LocationCode | None = strawberry.field(
        default=None, description="The code of another location; where it is if not given."
    )
    start: datetime = strawberry.field(description=START)
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.input(description="Somebody does not come.")
class AppointmentCancelInput:
    """See appointmentCancel."""

    appointment_id: strawberry.ID = strawberry.field(description="The id of an appointment.")
    version: int = strawberry.field(description="The version that the caller saw.")
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.type(description="It was done.", directives=NOBODY_KEEPS)
class AppointmentChanged:
    """The success."""

    appointment: Appointment = strawberry.field(description="The appointment after it.")


AppointmentBookResult = Annotated[
    AppointmentChanged
    | InvalidInput
    | CustomerNotFound
    | UnknownAppointmentKind
    | AppointmentsNotOffered
    | AppointmentLimitReached
    | AppointmentFull
    | AppointmentOutsideHours
    | AppointmentTooSoon
    | AppointmentTooFar
    | IdempotencyKeyRefused,
    strawberry.union("AppointmentBookResult", description="What came of appointmentBook."),
]
AppointmentMoveResult = Annotated[
    AppointmentChanged
    | InvalidInput
    | AppointmentNotFound
    | AppointmentVersionConflict
    | AppointmentClosed
    | UnknownAppointmentKind
    | AppointmentsNotOffered
    | AppointmentFull
    | AppointmentOutsideHours
    | AppointmentTooSoon
    | AppointmentTooFar
    | IdempotencyKeyRefused,
    strawberry.union("AppointmentMoveResult", description="What came of appointmentMove."),
]
AppointmentCancelResult = Annotated[
    AppointmentChanged
    | InvalidInput
    | AppointmentNotFound
    | AppointmentVersionConflict
    | AppointmentClosed
    | IdempotencyKeyRefused,
    strawberry.union("AppointmentCancelResult", description="What came of appointmentCancel."),
]
Given = AppointmentBookInput | AppointmentMoveInput | AppointmentCancelInput


@strawberry.type
class AppointmentMutations:
    """The root fields that change appointments."""

    @strawberry.mutation(
        description="Book an appointment: for oneself, or, by staff, for a customer."
    )
    async def appointment_book(
        self,
        info: Info,
        input: Annotated[AppointmentBookInput, Input],  # noqa: A002
    ) -> AppointmentBookResult:
        """Book."""
        context = info.context

        async def act(asked: Request) -> model.Appointment:
            customer = await _customer(context, input.customer_id)
            offered = (input.location, input.kind)
            service = context.services.appointments
            return await service.book(customer, offered, input.start, asked=asked)

        done: AppointmentBookResult = await _changed(act, input, context)
        return done

    @strawberry.mutation(
        description=(
            "Come at another time, or to another store: the old time is let go with the new one"
            " taken, or nothing is done."
        )
    )
    async def appointment_move(
        self,
        info: Info,
        input: Annotated[AppointmentMoveInput, Input],  # noqa: A002
    ) -> AppointmentMoveResult:
        """Move."""
        service = info.context.services.appointments

        async def act(asked: Request) -> model.Appointment:
            id_, to = _key(input.appointment_id), (input.location, input.start)
            return await service.move(id_, input.version, to, asked=asked)

        done: AppointmentMoveResult = await _changed(act, input, info.context)
        return done

    @strawberry.mutation(description="Let an appointment go that has not begun.")
    async def appointment_cancel(
        self,
        info: Info,
        input: Annotated[AppointmentCancelInput, Input],  # noqa: A002
    ) -> AppointmentCancelResult:
        """Cancel."""
        service = info.context.services.appointments

        async def act(asked: Request) -> model.Appointment:
            return await service.cancel(_key(input.appointment_id), input.version, asked=asked)

        done: AppointmentCancelResult = await _changed(act, input, info.context)
        return done


async def _changed(
    act: Callable[[Request], Awaitable[model.Appointment]], given: Given, context: Context
) -> Any:
    """What came of an act: the appointment, or why not."""
    try:
        by = await context.viewer()
        asked = Request(now=context.now, by=by, once=_once(given, context))
        return AppointmentChanged(appointment=Appointment.of(await act(asked), context))
    except Refusal as refusal:
        return appointment_problem(refusal)


def _once(given: Given, context: Context) -> Once:
    said = orjson.dumps([type(given).__name__, *map(str, astuple(given))])
    return Once(
        scope=f"appointments:{context.principal.pseudonym}",
        key=sound_key(given.idempotency_key),
        digest=sha256(said).hexdigest(),
    )


async def _customer(context: Context, given: str | None) -> CustomerId:
    """Whom it is for; a shopper nobody knows yet is known from now on."""
    enrolled = None
    if given is None:
        customers = context.services.customers
        enrolled = await customers.enrolled(context.principal, now=context.now)
    return enrolled or await whose(context, given)


def _key(given: str) -> AppointmentId:
    """The key of an appointment's id; one that is none looks like one that nobody has."""
    try:
        key = key_of(given, "Appointment")
    except InvalidInputError as error:
        raise refusals.AppointmentNotFound from error
    if not ID.fullmatch(key):
        raise refusals.AppointmentNotFound
    return AppointmentId(key)
