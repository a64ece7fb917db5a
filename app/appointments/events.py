"""What happened to an appointment? Facts in the past tense; none says whose it is."""

from app.appointments.model import Appointment
from app.store import Fact


def booked(one: Appointment) -> Fact:
    """Somebody comes."""
    return _fact("AppointmentBooked", one)


def moved(one: Appointment) -> Fact:
    """They come at another time, or elsewhere."""
    return _fact("AppointmentMoved", one)


def cancelled(one: Appointment) -> Fact:
    """They do not come."""
    return _fact("AppointmentCancelled", one)


def _fact(kind: str, one: Appointment) -> Fact:
    body = {"location": one.location, "kind": one.kind, "starts": one.starts.isoformat()}
    return Fact(kind=kind, entity=one.id, body=body)
