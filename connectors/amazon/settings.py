"""What must a retailer tell us to reach their seller's account?"""

from datetime import timedelta
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, model_validator

from app.values import CurrencyCode

MARKETPLACES_PER_CALL = 50
ADDRESSES = ("http://", "https://")


class Orders(BaseModel):
    """Which orders are taken over.

    `since` is where it begins: what last changed before is not asked for. `people` says that the
    application has the restricted roles for buyers and recipients; without them they are not asked
    for, as Amazon would refuse the whole question.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    marketplaces: tuple[str, ...] = Field(min_length=1, max_length=MARKETPLACES_PER_CALL)
    since: AwareDatetime
    people: bool = False


class Listings(BaseModel):
    """Which listings are written.

    `marketplace` and its `currency` are those of the listings; `channel` is Amazon's code of the
    fulfilment that the quantities are of.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    marketplace: str = Field(min_length=1)
    currency: CurrencyCode
    channel: str = Field(default="DEFAULT", min_length=1)


class Settings(BaseModel):
    """One seller.

    `login_url` is where access tokens come from; None where `url` hands them out itself.
    `longest_wait` is how long a call is held back for its quota before it is told as throttled.
    What is not set up here, the connection does not do.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    login_url: str | None = "https://api.amazon.com"
    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    refresh_token: SecretStr
    seller_id: str = Field(min_length=1)
    longest_wait: timedelta = Field(default=timedelta(seconds=2), ge=timedelta())
    orders: Orders | None = None
    listings: Listings | None = None

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        for address in (self.url, self.login_url):
            if address is not None and not address.startswith(ADDRESSES):
                raise ValueError("url and login_url must begin with https:// or http://")
        if self.orders is None and self.listings is None:
            raise ValueError("set up orders, listings or both")
        return self
