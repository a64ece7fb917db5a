"""Which systems are asked for all their stock, and how often?"""

from datetime import timedelta

from pydantic import Field

from app.settings.words import Positive, Section


class Projection(Section):
    """The stock of one connection is read as a whole `every` so often, `batch` SKUs a question.

    While the system is silent, what was read is told as STALE, until it is older than `serve_for`.
    """

    every: Positive
    batch: int = Field(default=200, ge=1, le=10_000)
    serve_for: timedelta = Field(default=timedelta(hours=1), ge=timedelta())
