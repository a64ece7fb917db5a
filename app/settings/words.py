"""What is every section made of?"""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Positive = Annotated[timedelta, Field(gt=timedelta())]


def _a_network(given: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(str(given))
    except ValueError as error:
        raise ValueError(
            f"{str(given)!r} is not a network such as '10.0.0.0/8', or an address"
        ) from error


Network: TypeAlias = Annotated[IPv4Network | IPv6Network, PlainValidator(_a_network)]


class Section(BaseModel):
    """A table of the file: immutable, and a key it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)
