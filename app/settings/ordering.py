"""How often are systems asked what became of the orders that they have?"""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from app.settings.words import Section


class Orders(Section):
    """An order is looked at every `follow_every` at first, and less often as it grows older.

    The longest time between two looks is `follow_slowest`. An order that has not come to an end
    `follow_for` after it was placed, or after it is expected, is not looked at any more.
    """

    follow_every: timedelta = Field(
        default=timedelta(minutes=1), ge=timedelta(seconds=1), le=timedelta(days=1)
    )
    follow_slowest: timedelta = Field(
        default=timedelta(hours=1), ge=timedelta(seconds=1), le=timedelta(days=7)
    )
    follow_for: timedelta = Field(
        default=timedelta(days=30), ge=timedelta(days=1), le=timedelta(days=365)
    )

    @model_validator(mode="after")
    def _slower(self) -> Self:
        if self.follow_slowest < self.follow_every:
            raise ValueError("follow_slowest is shorter than follow_every")
        return self
