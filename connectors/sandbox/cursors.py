"""Where does the next page of the shop's listing begin? Behind a product, by its place in it.

The shop takes any place, so that nothing a client makes up is a mistake in our request to it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

import orjson

from app.errors import InvalidInputError
from app.ports import ProductQuery


def cursor(query: ProductQuery, text: str, product: str) -> str:
    """The cursor of a product that stands at a text in the query's listing."""
    told = orjson.dumps([_listing(query), text, product])
    return urlsafe_b64encode(told).decode().rstrip("=")


def place(query: ProductQuery) -> tuple[str, str] | None:
    """The text and the product behind which the page begins; None for the first page.

    Raises:
        InvalidInputError: `after` is not a cursor of this listing.
    """
    if query.after is None:
        return None
    try:
        told = orjson.loads(urlsafe_b64decode(query.after + "=" * (-len(query.after) % 4)))
    except ValueError:
        told = None
    match told:
        case [listing, str(text), str(product)] if listing == _listing(query):
            return text, product
    raise InvalidInputError(
        "after is not a cursor of this listing: start again without it", argument="after"
    )


def _listing(query: ProductQuery) -> str:
    """What tells one listing from another."""
    language = query.locale.partition("-")[0]
    parts = (language, query.sort, query.search, query.category)
    return sha256(orjson.dumps(parts)).hexdigest()[:12]
