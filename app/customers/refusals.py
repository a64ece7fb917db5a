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


class CustomerVersionConflict(Refusal):
    """Somebody else has changed it meanwhile; `version` is the one it has."""

    code = "CUSTOMER_VERSION_CONFLICT"

    def __init__(self, version: int) -> None:
        super().__init__("The customer was changed meanwhile: look at it and ask again.")
        self.version = version


class IdentityNotFound(Refusal):
    """No system knows them under that id, or it cannot be asked now."""

    code = "IDENTITY_NOT_FOUND"

    def __init__(self, message: str = "The system knows nobody by that id.") -> None:
        super().__init__(message)


class IdentityLinked(Refusal):
    """They are another person of ours already: these two may be one."""

    code = "IDENTITY_LINKED"

    def __init__(self) -> None:
        super().__init__("They are linked to another customer: merge the two if they are one.")


class CustomersNotMergeable(Refusal):
    """They are one already, or one of them speaks for nobody any more."""

    code = "CUSTOMERS_NOT_MERGEABLE"

    def __init__(self) -> None:
        super().__init__("These are one customer already, or one was merged into another.")


class CustomerNotMerged(Refusal):
    """There is no merger to take back."""

    code = "CUSTOMER_NOT_MERGED"

    def __init__(self) -> None:
        super().__init__("This customer was not merged into another.")
