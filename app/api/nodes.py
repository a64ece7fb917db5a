"""Global object identification: opaque ids, `node` and `nodes`."""

from base64 import urlsafe_b64decode
from binascii import b2a_base64

import strawberry

from app.api.paging import LONGEST_KEY
from app.errors import InvalidInputError

URL_SAFE = bytes.maketrans(b"+/", b"-_")


@strawberry.interface(description="Something with an id of its own.")
class Node:
    """See the Relay global object identification specification."""

    id: strawberry.ID = strawberry.field(description="Opaque, stable and unique over all types.")


def global_id(kind: str, key: str) -> strawberry.ID:
    """The id of an object, by its type's name and its own key."""
    encoded = b2a_base64(f"{kind}:{key}".encode(), newline=False)
    return strawberry.ID(encoded.translate(URL_SAFE, b"=").decode())


def split_id(given: str) -> tuple[str, str]:
    """The type and key an id was made of.

    Raises:
        InvalidInputError: it was not made by `global_id`.
    """
    try:
        text = urlsafe_b64decode(given + "=" * (-len(given) % 4)).decode()
    except ValueError:
        text = ""
    kind, colon, key = text.partition(":")
    if not (kind and colon and key) or len(key) > LONGEST_KEY or "\0" in key:
        raise InvalidInputError(
            "The id is not one of this schema's: pass an id as it was answered.", argument="id"
        )
    return kind, key


def key_of(given: str, kind: str, *, argument: str = "id") -> str:
    """The key of an id that must be of the given type.

    Raises:
        InvalidInputError: it is of another type, or no id at all.
    """
    found, key = split_id(given)
    if found != kind:
        raise InvalidInputError(f"The id is that of a {found}, not of a {kind}.", argument=argument)
    return key
