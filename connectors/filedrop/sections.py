"""What do all agreements about files have in common: a form, numbers of articles, tables, dates?"""

import codecs
import re
from datetime import timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

Format = Literal["csv", "edifact", "gs1"]
Numbering = Literal["buyer", "supplier", "gtin"]


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError("is no time zone that is known, such as Europe/Rome") from None


Zone = Annotated[str, AfterValidator(_zone)]


class Section(BaseModel):
    """Settings that belong together; what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Dialect(Section):
    """How the partner writes tables."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            return codecs.lookup(value).name
        except LookupError:
            raise ValueError("is no encoding that is known") from None


class Dates(Section):
    """When were the figures of a file true?

    `document`: as it says within, in a column or a segment. `name`: as the group `date` of
    `pattern` says, in the `format` of `strptime`. `modified`: when the server last saw it written.
    Times without an offset are of `zone`. A date further in the future than `ahead` is refused, as
    it would outdate all that follows.
    """

    by: Literal["document", "name", "modified"] = "document"
    pattern: str | None = None
    format: str | None = None
    zone: Zone = "UTC"
    ahead: timedelta = Field(default=timedelta(hours=1), ge=timedelta())

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.by == "name" and (self.pattern is None or self.format is None):
            raise ValueError("dates by name need `pattern` and `format`")
        if self.pattern is not None:
            try:
                groups = re.compile(self.pattern).groupindex
            except re.error:
                raise ValueError("pattern is no regular expression") from None
            if (self.by == "name" and "date" not in groups) or groups.keys() - {"date", "sequence"}:
                raise ValueError("pattern has the groups `date` and, if any, `sequence`")
        return self


class Documents(Section):
    """How documents are written for a partner.

    `us` and `partner` name both sides in them, `release` is the directory of EDIFACT ones.
    `numbered_by` says which article number is the SKU.
    """

    format: Format = "csv"
    us: str = Field(default="TESSERA", min_length=1, max_length=35)
    partner: str = Field(default="PARTNER", min_length=1, max_length=35)
    release: Literal["D96A", "D01B"] = "D96A"
    numbered_by: Numbering = "buyer"
    dates: Dates = Dates()
    table: Dialect = Dialect()
