"""What has somebody agreed to, for what, through which channel, and how is that known?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ConsentPurpose(StrEnum):
    """What it is for."""

    MARKETING = "MARKETING"
    PERSONALISATION = "PERSONALISATION"
    RESEARCH = "RESEARCH"
    PARTNERS = "PARTNERS"


class ConsentChannel(StrEnum):
    """How they may be reached for it."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    PHONE = "PHONE"
    POST = "POST"
    APP = "APP"
    IN_STORE = "IN_STORE"


class SaidBy(StrEnum):
    """Who said so."""

    CUSTOMER = "CUSTOMER"
    STAFF = "STAFF"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What was said once. `source` is where, such as `checkout`; `wording` what was shown."""

    purpose: ConsentPurpose
    channel: ConsentChannel
    granted: bool
    by: SaidBy
    source: str
    wording: str | None
    at: datetime


def in_force(said: Iterable[Consent]) -> list[Consent]:
    """What counts now: of each purpose and channel what was said last."""
    last = {(one.purpose, one.channel): one for one in said}
    return [last[which] for which in sorted(last)]
