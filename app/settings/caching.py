"""What may be kept of what was answered, and where do processes share it?"""

from datetime import timedelta

from pydantic import Field

from app.settings.words import Positive, Section


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


class Redis(Section):
    """The Redis that processes share. After `timeout` a question to it is given up.

    `url` says where the address is, which may hold a password: `{ env = … }` or `{ file = … }`.
    """

    url: object
    timeout: Positive = timedelta(milliseconds=50)
