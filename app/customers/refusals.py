"""Why can something not be done with a customer?"""

from collections.abc import Sequence

from app.errors import Refusal


class InvalidCustomerInput(Refusal):
    """What was asked cannot be; `path` leads to what is wrong, from the input on.

    The message never has what was given: it is personal data.
    """

    code = "INVALID_INPUT"

    def __init__(self, message: str, *, path: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.path = tuple(path)


class CustomerNotFound(Refusal):
    """There is none, or it is not the caller's to see: the two are not told apart."""

    code = "CUSTOMER_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such customer.")
