"""What may be kept of what was answered?"""

from datetime import timedelta

from pydantic import Field

from app.settings.words import Section


class Cache(Section):
    """Whether answers are kept, and how much of them; see `docs/caching.md`.

    `memory` is what a process keeps, in bytes, `largest` what one answer may take, here and in
    Redis. For `grace` after its time an answer is told as STALE while a new one is made, as far as
    the windows of its data allow that.
    """

    answers: bool = True
    memory: int = Field(default=64 * 1024 * 1024, ge=0)
    largest: int = Field(default=1024 * 1024, ge=1_000)
    grace: timedelta = Field(default=timedelta(seconds=10), ge=timedelta(), le=timedelta(hours=1))
