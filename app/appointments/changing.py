"""How is an appointment changed? At the version its caller saw, once for each key."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.appointments import repository, times
from app.appointments.model import Appointment, AppointmentId, Offer
from app.appointments.refusals import (
    AppointmentClosed,
    AppointmentFull,
    AppointmentNotFound,
    AppointmentVersionConflict,
)
from app.principals.model import Viewer
from app.store import Work
from app.store.keys import Once, claim, result_of, settle
from app.values import CustomerId

KEPT = timedelta(days=7)  # what a key of a repeated request did


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """On whose behalf something is asked, when, and once. The house needs no notice."""

    now: datetime
    by: Viewer
    once: Once


def new(work: Work, customer: CustomerId, offer: Offer, start: datetime) -> Appointment:
    """Somebody's first version of it; nothing is written."""
    starts = times.instant(int(start.timestamp()))
    return Appointment(
        id=AppointmentId(secrets.token_urlsafe(18)),
        version=1,
        customer=customer,
        location=offer.location,
        kind=offer.kind,
        team=offer.team,
        starts=starts,
        ends=starts + timedelta(seconds=offer.length),
        booked_at=work.now,
    )


def at(before: Appointment, offer: Offer, start: datetime) -> Appointment:
    """The same at another time, maybe elsewhere."""
    starts = times.instant(int(start.timestamp()))
    ends = starts + timedelta(seconds=offer.length)
    return replace(before, location=offer.location, starts=starts, ends=ends)


def take(work: Work, before: Appointment | None, after: Appointment, offer: Offer) -> None:
    """Take the places of one, and let those go that it had.

    Raises:
        AppointmentFull: there is no room.
    """
    let_go = () if before is None else before.places
    if not repository.shift(work.connection, let_go, after.places, most=offer.most):
        raise AppointmentFull


def seen(connection: Connection, id_: AppointmentId, by: Viewer) -> Appointment:
    """An appointment that somebody may see.

    Raises:
        AppointmentNotFound: there is none, or it is another's.
    """
    return _theirs(repository.find(connection, id_), by)


def changeable(work: Work, id_: AppointmentId, version: int, by: Viewer) -> Appointment:
    """The appointment, which nobody else changes meanwhile.

    Raises:
        Refusal: it is not there, not theirs, of another version, or closed.
    """
    found = _theirs(repository.find(work.connection, id_, locked=True), by)
    check(found, version, work.now)
    return found


def _theirs(found: Appointment | None, by: Viewer) -> Appointment:
    if found is None or not (by.house or by.owns(found.customer)):
        raise AppointmentNotFound
    return found


def check(found: Appointment, version: int, now: datetime) -> None:
    """Whether it may be changed by who has seen a version.

    Raises:
        AppointmentVersionConflict: it has another.
        AppointmentClosed: it was cancelled, or has begun.
    """
    if found.version != version:
        raise AppointmentVersionConflict(found.version)
    if found.cancelled_at is not None or found.starts <= now:
        raise AppointmentClosed


def once(work: Work, asked: Request, change: Callable[[Work], Appointment]) -> Appointment:
    """What came of a change, or of the one that the same key did before."""
    if (told := claim(work, asked.once, kept_for=KEPT)) is not None:
        return _still_theirs(work.connection, told, asked.by)
    one = change(work)
    settle(work, asked.once, msgspec.to_builtins(one))
    return one


def told_before(connection: Connection, asked: Request) -> Appointment | None:
    """What came of the same key before; None where nothing did."""
    told = result_of(connection, asked.once, now=asked.now)
    return None if told is None else _still_theirs(connection, told, asked.by)


def _still_theirs(connection: Connection, told: Any, by: Viewer) -> Appointment:
    """As it was told; what was forgotten since is not told again."""
    one = msgspec.convert(told, Appointment)
    seen(connection, one.id, by)
    return one
