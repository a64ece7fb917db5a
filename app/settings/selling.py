"""How long do carts last, and what they hold?"""

from datetime import timedelta

from pydantic import Field

from app.settings.words import Positive, Section


class Carts(Section):
    """`lifetime` counts from a cart's last change.

    A hold ends after `hold_for`, a code for another device after `hand_over_within`; what a key of
    a repeated mutation did is remembered for `keys_for`.
    """

    lifetime: Positive = timedelta(days=30)
    hold_for: timedelta = Field(
        default=timedelta(minutes=15), gt=timedelta(), le=timedelta(hours=24)
    )
    hand_over_within: timedelta = Field(
        default=timedelta(minutes=2), gt=timedelta(), le=timedelta(minutes=15)
    )
    keys_for: timedelta = Field(default=timedelta(days=7), ge=timedelta(days=1))
