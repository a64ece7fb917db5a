"""What must be told to reach a Tryton."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.values import CountryCode


class Customers(BaseModel):
    """What there is to say of parties, where they are recognised as customers.

    `contacts_verified`: whoever writes contacts down makes sure that they are theirs.
    `phone_country` is where telephone numbers without a country's code are dialled.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    contacts_verified: bool = False
    phone_country: CountryCode | None = None


class Settings(BaseModel):
    """One database of one Tryton server, and the user the gateway is there.

    `prices`: `net` reads the list price (tax excluded), `gross` the gross price (tax included) that
    tills use; the second needs Tryton's point of sale. `tills`: the database has the point of sale,
    so that a warehouse with a till is a store; without it the kind of a location is unknown.
    `orders`: it takes orders, so that the user may write what the README says. `customers`: its
    parties are recognised and erased, by a user with the rights that the README says.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    url: str = Field(pattern=r"^https?://")
    database: str = Field(min_length=1, pattern=r"^[^/?#]+$")
    username: str = Field(min_length=1, pattern=r"^[^:]+$")  # a colon would split the session
    password: SecretStr = Field(min_length=1)
    prices: Literal["net", "gross"] = "net"
    tills: bool = True
    orders: bool = False
    customers: Customers | None = None
