"""Who asks, as far as a transport can tell?"""

from dataclasses import dataclass

from starlette.datastructures import Headers

from app.api.languages import accepted_languages
from app.values import Locale


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The one behind a request. `accepted` are the languages it reads, most wanted first."""

    accepted: tuple[Locale, ...] = ()


def caller_of(headers: Headers) -> Caller:
    """The caller that the headers of a request, or of a socket's handshake, tell of."""
    return Caller(accepted=accepted_languages(headers.get("accept-language")))
