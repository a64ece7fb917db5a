"""What must a retailer tell us to reach their Vendure?"""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from app.values import ChannelCode, CountryCode, CurrencyCode, FulfilmentMethod, Locale

ADMIN_PAGE = 1000  # Vendure's own default of `apiOptions.adminListQueryLimit`


NAME = r"^[_A-Za-z][_0-9A-Za-z]*$"


class Orders(BaseModel):
    """What the shop has for orders of ours; see the README for how it is set up.

    `key_field` is a custom field of orders, unique, for our keys; `location_field` one of order
    lines for the id of a stock location. `shipping_methods` gives the code of a shipping method for
    each way of delivery that is sold; `payment_method` is what a payment is called.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key_field: str = Field(pattern=NAME)
    location_field: str | None = Field(default=None, pattern=NAME)
    shipping_methods: dict[FulfilmentMethod, str] = Field(min_length=1)
    payment_method: str = "tessera"


class Customers(BaseModel):
    """What is needed to know customers and to forget them; see the README for the shop's part.

    `phone_country` is where telephone numbers without a country's code are dialled.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    phone_country: CountryCode | None = None


class Settings(BaseModel):
    """Settings of one connection; give `username` with `password`, or `api_key`.

    Without `orders` it takes none, without `customers` it knows nobody.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    username: str | None = None
    password: SecretStr | None = None
    api_key: SecretStr | None = None
    default_channel: str | None = None
    channel_tokens: dict[ChannelCode, str] = Field(default_factory=dict)
    default_language: Locale = Locale("en")
    languages: tuple[Locale, ...] = ()
    brand_facet: str | None = "brand"
    gtin_field: str | None = Field(default=None, pattern=NAME)
    money_decimals: dict[CurrencyCode, Annotated[int, Field(ge=0, le=6)]] = Field(
        default_factory=dict
    )
    orders: Orders | None = None
    customers: Customers | None = None
    page_size: int = Field(default=ADMIN_PAGE, ge=1, le=ADMIN_PAGE)

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        if not url.startswith(("http://", "https://")):
            raise ValueError("must begin with https:// or http://")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _has_one_way_in(self) -> Self:
        by_name = (self.username is not None, self.password is not None)
        if any(by_name) and self.api_key is not None:
            raise ValueError("give either username and password or api_key, not both")
        if not all(by_name) and self.api_key is None:
            raise ValueError("give username and password, or api_key")
        return self

    def channel_header(self, channel: ChannelCode | None) -> str | None:
        """The token of the Vendure channel that stands for ours; None is Vendure's default one."""
        if channel is None:
            return self.default_channel
        return self.channel_tokens.get(channel, self.default_channel)

    def language(self, wanted: Locale) -> Locale:
        """The language of the shop that serves the wanted one best (RFC 4647 lookup)."""
        tag = str(wanted)
        while tag:
            if tag in self.languages:
                return Locale(tag)
            tag = tag.rpartition("-")[0]
        return self.default_language
