"""What was found about one rule of the quality scale?"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

REVIEW = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2}), (?P<who>[^:]+): (?P<seen>.+)")
A_YEAR = timedelta(days=366)


class State(StrEnum):
    """How a rule stands for a connector."""

    DONE = "done"
    FAILED = "failed"
    EXEMPT = "exempt"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state, and the reason for every state but `done`."""

    state: State
    reason: str = ""

    @property
    def holds(self) -> bool:
        """Whether the rule is no obstacle to its tier."""
        return self.state is not State.FAILED


DONE = Verdict(State.DONE)


def failed(reason: str) -> Verdict:
    """The rule does not hold."""
    return Verdict(State.FAILED, reason)


def not_applicable(reason: str) -> Verdict:
    """The rule says nothing about this connector."""
    return Verdict(State.NOT_APPLICABLE, reason)


def reviewed(entry: str | None, *, today: date, within: timedelta | None = None) -> Verdict:
    """Whether someone looked, and lately enough."""
    if entry is None:
        return failed("nobody has reviewed it: no entry in [quality.reviewed]")
    match = REVIEW.fullmatch(entry)
    day = _day(match["day"]) if match is not None else None
    if day is None:
        return failed("the review entry must read 'YYYY-MM-DD, who: what was seen'")
    if day > today:
        return failed(f"the review of {day} lies in the future")
    if within is not None and today - day > within:
        return failed(f"the last review was on {day}, more than {within.days} days ago")
    return DONE


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
