"""Which status does an outcome get over HTTP?

The statuses follow the GraphQL over HTTP draft of 2026 for clients that take its media type. To a
client that names `application/json` every well-formed request is a 200, as clients older than that
media type expect; to one that names neither, a request that cannot be executed is a 400.
"""

from app.api.http_negotiation import RESPONSE, Media
from app.api.outcomes import Fate, Outcome
from app.settings import Statuses


class StatusRules:
    """The statuses of one client: what it takes, and which draft the deployment follows.

    `legacy`: the client names `application/json` and gets that.
    """

    def __init__(self, media: Media, statuses: Statuses, *, legacy: bool) -> None:
        self._legacy = legacy
        self._latest = media == RESPONSE and statuses == "draft-2026"

    def of(self, outcome: Outcome) -> int:
        """The status of an answer."""
        if outcome.status is not None:
            return outcome.status
        if outcome.fate is Fate.EXECUTED:
            return 294 if self._latest and outcome.errors else 200
        plain = 200 if self._legacy else 400
        return {
            Fate.MALFORMED: 422 if self._latest else 400,
            Fate.UNPARSED: plain,
            Fate.UNEXECUTED: 422 if self._latest else plain,
            Fate.REFUSED: plain,
            Fate.LATE: 504,
            Fate.BROKEN: 500,
            Fate.INTERRUPTED: 200,  # told on streams only, which have begun
        }[outcome.fate]
