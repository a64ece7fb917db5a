"""Who asks, as far as a transport can tell?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers

from app.api.languages import accepted_languages
from app.values import Locale


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The one behind a request.

    `accepted` are the languages it reads, most wanted first. `introduction` is what it said of
    itself when it opened a socket, and `last_event` the last one it has of a stream that was cut.
    """

    accepted: tuple[Locale, ...] = ()
    introduction: Mapping[str, Any] = field(default_factory=dict)
    last_event: str | None = None


def caller_of(headers: Headers) -> Caller:
    """The caller that the headers of a request, or of a socket's handshake, tell of."""
    return Caller(
        accepted=accepted_languages(headers.get("accept-language")),
        last_event=headers.get("last-event-id"),
    )
