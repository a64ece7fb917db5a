"""Whom do we tell over HTTP, and whom do we hear?"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from pydantic import Field, model_validator
from yarl import URL

from app.settings.words import Name, Positive, Section


class Told(StrEnum):
    """What an endpoint is told."""

    ASSORTMENT = "ASSORTMENT"
    ORDERS = "ORDERS"


class Begin(StrEnum):
    """What a new endpoint is told first."""

    ALL = "ALL"
    NOW = "NOW"


class Webhook(Section):
    """An endpoint that is told what happens: a partner's assortment or orders, or all orders.

    Each message is signed with every one of the `secrets`, so that there may be two while one takes
    the place of the other. `within` says that the endpoint may be in our own network, by plain
    HTTP too. `timeout` is for one delivery; what is not taken is tried again for `retry_for`.
    """

    url: str
    secrets: tuple[Mapping[str, Any], ...] = Field(min_length=1, max_length=2)
    tells: Told = Told.ASSORTMENT
    partner: Name | None = None
    begin: Begin = Begin.ALL
    within: bool = False
    timeout: Positive = timedelta(seconds=15)
    retry_for: Positive = timedelta(days=3)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for problem in self._problems():
            raise ValueError(problem)
        return self

    def _problems(self) -> Iterator[str]:
        if self.tells is Told.ASSORTMENT and self.partner is None:
            yield "name the partner whose assortment it tells of"
        try:
            url = URL(self.url)
        except ValueError:
            url = URL()
        if url.scheme not in {"http", "https"} or not url.host:
            yield "url must look like https://example.com/hooks"
        if url.user is not None or url.password is not None:
            yield "a secret does not belong in url"
        if url.scheme == "http" and not self.within:
            yield "url must be https, unless within our own network"


class Scheme(StrEnum):
    """How a system signs what it sends."""

    STANDARD = "STANDARD"
    SQUARE = "SQUARE"


class Hearing(Section):
    """What a connection may send to `POST /webhooks/NAME`, signed with one of the `secrets`.

    `tolerance` is between its clock and ours, where its scheme tells a time. `url` is the address
    that the system sends to, for schemes that sign it. The id of a message is known for `remember`.
    """

    scheme: Scheme = Scheme.STANDARD
    secrets: tuple[Mapping[str, Any], ...] = Field(min_length=1, max_length=2)
    url: str = ""
    tolerance: Positive = timedelta(minutes=5)
    remember: Positive = timedelta(days=3)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.scheme is Scheme.SQUARE and not self.url:
            raise ValueError("url is missing: this scheme signs the address it sends to")
        if self.remember < 2 * self.tolerance:
            raise ValueError("remember must be at least twice the tolerance")
        return self
