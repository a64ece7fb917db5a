"""How long is what happened kept, and how soon is it told?"""

from datetime import timedelta

from pydantic import Field

from app.settings.words import Positive, Section


class Events(Section):
    """The log of what happened; see `docs/events.md`.

    Facts are kept for `keep_for`, but `keep_at_most` of them. A process looks for those of others
    at least every `poll_every`; a follower hears something at least every `heartbeat_every`.
    """

    keep_for: timedelta = Field(default=timedelta(days=7), ge=timedelta(minutes=10))
    keep_at_most: int = Field(default=1_000_000, ge=1_000)
    poll_every: Positive = timedelta(milliseconds=250)
    heartbeat_every: Positive = timedelta(seconds=15)
