"""What must a retailer tell us to reach their Square account?"""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from app.values import ChannelCode, CountryCode

VERSION = "2025-08-20"  # of the description that the tests hold every exchange against


class Prices(BaseModel):
    """How the prices in Square's catalogue are meant.

    `tax_included` says whether they include tax, which the catalogue tells of taxes and not of
    prices. `locations` names, for a channel, the Square location whose own prices it has.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tax_included: bool
    locations: dict[ChannelCode, str] = Field(default_factory=dict)


class Loyalty(BaseModel):
    """How the seller's loyalty programme is used.

    `location` is Square's id of the location at which points move that are earned or spent at none
    of the seller's, such as online.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    location: str = Field(min_length=1)


class Customers(BaseModel):
    """How the seller's customers are read.

    `country` is where a phone number that was typed without its country's code is dialled.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    country: CountryCode | None = None


class Settings(BaseModel):
    """One seller.

    `version` is sent as `Square-Version`. `ids_kept` is how long the id of a SKU or a location is
    believed without asking again. What is not set up here, and `receipts`, the connection does not
    do.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    access_token: SecretStr
    version: str = Field(default=VERSION, pattern=r"^\d{4}-\d{2}-\d{2}$")
    ids_kept: timedelta = Field(default=timedelta(minutes=10), gt=timedelta(), le=timedelta(days=1))
    prices: Prices | None = None
    loyalty: Loyalty | None = None
    customers: Customers | None = None
    receipts: bool = False

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise ValueError("must begin with https:// or http://")
        return url.rstrip("/")
