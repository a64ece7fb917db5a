"""Did we hand out this cursor? For vendors whose cursors cannot be told from rubbish by looking.

A cursor that a client made up would be refused by the vendor, and a refusal counts against the
upstream. So whoever hands a vendor's cursor to clients seals it, and asks with none but its own.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

from app.errors import InvalidInputError

MARK = 12  # bytes


class Seal:
    """Marks cursors, under a key that clients do not know, as being of one list.

    `secret` is one of the connection's settings: every process has it, and when it changes, lists
    that are being paged through are begun again.
    """

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"cursors", "sha256")

    def sealed(self, cursor: str, of: str) -> str:
        """A vendor's cursor `of` a list, as clients are told it."""
        mark = self._mark(cursor, of)
        return urlsafe_b64encode(mark + cursor.encode()).decode().rstrip("=")

    def opened(self, after: str, of: str) -> str:
        """The vendor's cursor.

        Raises:
            InvalidInputError: it was not handed out for this list.
        """
        try:
            told = urlsafe_b64decode(after + "=" * (-len(after) % 4))
            mark, cursor = told[:MARK], told[MARK:].decode()
        except ValueError:
            mark, cursor = b"", ""
        if not hmac.compare_digest(mark, self._mark(cursor, of)):
            raise InvalidInputError(
                "after is not a cursor of this list: start again without it", argument="after"
            )
        return cursor

    def _mark(self, cursor: str, of: str) -> bytes:
        told = f"{len(of)}:{of}{cursor}".encode()
        return hmac.digest(self._key, told, "sha256")[:MARK]
