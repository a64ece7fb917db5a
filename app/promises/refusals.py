"""Why can nothing be promised? Each refusal says what to change, and where it stands."""

from collections.abc import Sequence

from app.errors import Refusal
from app.values import Sku

Path = Sequence[str]


class PromiseRefusal(Refusal):
    """Something in the question stands against an answer; `path` leads to it."""

    code = "PROMISE_REFUSED"

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(message)
        self.path: Path = path

    @property
    def argument(self) -> str:
        """The part of the input it is about, where there is one argument for each part."""
        parts = [one for one in self.path if one not in {"input", "lines"} and not one.isdigit()]
        return parts[0] if parts else "lines"


class QuantityRefused(PromiseRefusal):
    """So many units cannot be ordered."""

    code = "QUANTITY_INVALID"


class SkuRefused(PromiseRefusal):
    """There is no such SKU, or it is not sold through the channel."""

    def __init__(self, message: str, *path: str, sku: Sku, sold: bool) -> None:
        super().__init__(message, *path)
        self.sku = sku
        self.code = "SKU_UNKNOWN" if sold else "SKU_NOT_SOLD"


class DestinationRefused(PromiseRefusal):
    """The destination is in no cell, or nothing goes there."""

    def __init__(self, message: str, *path: str, known: bool) -> None:
        super().__init__(message, *path)
        self.code = "DESTINATION_NOT_SERVED" if known else "DESTINATION_UNKNOWN"


class StoreRefused(PromiseRefusal):
    """There is no such store."""

    code = "LOCATION_UNKNOWN"


class TokenRefused(PromiseRefusal):
    """The token was not made here, is too old, or is of other lines."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message, "token")
        self.code = code
