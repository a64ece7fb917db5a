"""What may be set for a connection of the sandbox?"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

EMBEDDED = "embedded"
System = Literal["shop", "tills", "warehouse", "supplier", "payments", "market"]


class Settings(BaseModel):
    """`url` is `embedded`, or where the system is already running.

    `seed` decides everything an embedded system knows: assortment, prices, stock.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    url: str
    system: System
    seed: int = 7
