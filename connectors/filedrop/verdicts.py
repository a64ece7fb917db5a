"""What has become of an order, after all that its partner said of it?"""

from dataclasses import dataclass, replace
from typing import Literal

from connectors.filedrop.documents import Answer

Fate = Literal["ACCEPTED", "REFUSED", "COMPLETED", "CANCELLED"]
CANCELLING = ".C"  # what the number of a cancellation adds to that of its order
FINAL = frozenset({"REFUSED", "COMPLETED", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """`fate` None: nothing was said of the order itself. `stays`: it cannot be cancelled."""

    fate: Fate | None = None
    reference: str | None = None
    stays: bool = False


def after(before: Verdict, answer: Answer, *, units: int) -> Verdict:
    """What holds after one more answer; `units` were ordered.

    An end is the end: what comes later, or again, changes nothing. A despatch of fewer units than
    were ordered is an acceptance, as nobody says that the rest will come.
    """
    if before.fate in FINAL:
        return before
    if answer.number.endswith(CANCELLING):
        return _cancelling(before, answer)
    if answer.state == "RECEIVED":
        return before
    fate: Fate = answer.state
    if fate == "REFUSED" and before.fate == "ACCEPTED":
        fate = "CANCELLED"
    if fate == "COMPLETED" and answer.units is not None and answer.units < units:
        fate = "ACCEPTED"
    reference = before.reference or answer.reference
    return replace(before, fate=fate, reference=reference)


def _cancelling(before: Verdict, answer: Answer) -> Verdict:
    match answer.state:
        case "ACCEPTED" | "CANCELLED":
            return replace(before, fate="CANCELLED")
        case "REFUSED":
            return replace(before, stays=True)
    return before
