"""Where is kept what we own?"""

from collections.abc import Mapping

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from app.errors import MisconfiguredError
from app.settings.secrets import secret
from app.settings.words import Section

EMBEDDED = "embedded"


class Store(Section):
    """The database. `embedded` is a file of the process's own, gone when it ends.

    `url` is `sqlite:///path` or `postgresql://host/database`; one with a password comes from
    `{ env = … }` or `{ file = … }`.
    """

    url: object = EMBEDDED

    def address(self, environ: Mapping[str, str]) -> str | None:
        """Where the database is; None for the embedded one.

        Raises:
            MisconfiguredError: there is nothing where `url` points, or it holds a password.
        """
        if self.url == EMBEDDED:
            return None
        if not isinstance(self.url, str):
            return secret(self.url, environ, at="store.url")
        if _tells_a_password(self.url):
            raise MisconfiguredError(
                'store.url: a password does not belong in this file; write { env = "NAME" }'
                ' or { file = "/path" }'
            )
        return self.url


def _tells_a_password(url: str) -> bool:
    try:
        return make_url(url).password is not None
    except ArgumentError:
        return False
