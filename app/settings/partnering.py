"""What does each partner see of what there is?"""

from datetime import timedelta

from pydantic import Field

from app.settings.words import Code, Positive, Section


class Partner(Section):
    """The assortment of a partner: `skus` and `locations` are patterns of what it sees.

    `buffer` units of every SKU are kept from it; `channel` is the one it buys through, the default
    one if it is not named. What there is, is looked at every `look_every`.
    """

    skus: tuple[str, ...] = Field(default=("*",), min_length=1)
    locations: tuple[str, ...] = Field(default=("*",), min_length=1)
    buffer: int = Field(default=0, ge=0)
    channel: Code | None = None
    look_every: Positive = timedelta(seconds=5)
