"""What do HTTP headers and the environment say about a call?"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.request import getproxies, proxy_bypass

from yarl import URL

DEFAULT_RETRY_AFTER = timedelta(seconds=1)  # for a 429 that names no time
LONGEST_RETRY_AFTER = timedelta(minutes=5)
MOST_DIGITS = 9  # of seconds that are read: more are longer than the longest, too


def proxy_for(url: URL) -> str | None:
    """The proxy the environment names for an address (`HTTPS_PROXY`, `NO_PROXY`), if any."""
    return None if proxy_bypass(url.host or "") else getproxies().get(url.scheme)


@lru_cache(maxsize=64)
def http_date(value: str | None) -> datetime | None:
    """The instant of a Date header (RFC 9110, 5.6.7); None for what is none."""
    if value is None:
        return None
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def retry_after(value: str | None, *, now: datetime) -> timedelta:
    """Seconds or an HTTP date (RFC 9110 section 10.2.3), within reason."""
    if value is None:
        return DEFAULT_RETRY_AFTER
    if (said := value.strip()).isascii() and said.isdigit():
        wait = timedelta(seconds=int(said[:MOST_DIGITS]))
    else:
        date = http_date(value)
        wait = DEFAULT_RETRY_AFTER if date is None else date - now
    return min(max(wait, timedelta()), LONGEST_RETRY_AFTER)
