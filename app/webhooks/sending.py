"""How is one message delivered? A POST to an address that may be called; nothing comes back of it.

Redirects are not followed. Of an answer only the status counts: little of the rest is read, and
none of it is kept or logged.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from standardwebhooks import Webhook as Signer

from app.settings import Webhook
from app.upstream.headers import http_date
from app.webhooks.addresses import AddressRefused, checked_socket
from app.webhooks.messages import Message
from app.webhooks.signing import signed, signers

MOST_READ = 16_384  # bytes of an answer, so that its connection may be used again
BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
SHORTEST_AGAIN, LONGEST_AGAIN = timedelta(seconds=1), timedelta(hours=1)
AGENT = "Tessera-Webhooks/1"
UNANSWERED = ClientError, OSError, ValueError  # a `TimeoutError` is an `OSError`
REFUSED, UNREACHABLE, LATE = "ADDRESS_REFUSED", "UNREACHABLE", "TIMEOUT"


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a delivery. `reason` is None where the message was taken.

    `again` is how long the endpoint wants to be left alone, where it says so.
    """

    reason: str | None = None
    gone: bool = False
    again: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Delivers to one endpoint."""

    endpoint: Webhook
    secrets: Sequence[Signer]
    http: ClientSession
    now: Callable[[], datetime]

    async def send(self, message: Message) -> Sent:
        """Try once."""
        headers = {
            "content-type": "application/json",
            "user-agent": AGENT,
            **signed(self.secrets, message.id, message.body, at=self.now()),
        }
        asked = self.http.post(
            self.endpoint.url, data=message.body, headers=headers, allow_redirects=False
        )
        try:
            async with asked as response:
                return await _sent(response, self.now())
        except TimeoutError:
            return Sent(LATE)
        except ClientConnectorError as error:
            return Sent(REFUSED if isinstance(error.os_error, AddressRefused) else UNREACHABLE)
        except UNANSWERED:
            return Sent(UNREACHABLE)


def secrets_of(
    endpoints: Mapping[str, Webhook], environ: Mapping[str, str]
) -> Mapping[str, Sequence[Signer]]:
    """What signs for each endpoint.

    Raises:
        MisconfiguredError: a secret is not where the settings say, or is none.
    """
    return {
        name: signers(one.secrets, environ, at=f"webhooks.{name}.secrets")
        for name, one in endpoints.items()
    }


@asynccontextmanager
async def senders(
    endpoints: Mapping[str, Webhook],
    secrets: Mapping[str, Sequence[Signer]],
    now: Callable[[], datetime],
) -> AsyncIterator[Mapping[str, Sender]]:
    """One for each endpoint, for as long as the block lasts."""
    async with AsyncExitStack() as stack:
        yield {
            name: Sender(one, secrets[name], await stack.enter_async_context(_session(one)), now)
            for name, one in endpoints.items()
        }


def _session(endpoint: Webhook) -> ClientSession:
    return ClientSession(
        connector=TCPConnector(
            limit=2,
            use_dns_cache=False,
            socket_factory=None if endpoint.within else checked_socket,
        ),
        timeout=ClientTimeout(total=endpoint.timeout.total_seconds()),
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
    )


async def _sent(response: ClientResponse, now: datetime) -> Sent:
    status = response.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        with suppress(*UNANSWERED):  # it was taken, whatever becomes of the rest
            await response.content.read(MOST_READ)
        return Sent()
    told = response.headers.get("retry-after") if status in BUSY else None
    again = None if told is None else asked_to_wait(told, now)
    return Sent(f"HTTP_{status}", gone=status == HTTPStatus.GONE, again=again)


def asked_to_wait(told: str, now: datetime) -> timedelta | None:
    """What a `Retry-After` says, in seconds or as a date, within reason; None where it is none."""
    told = told.strip()
    if told.isascii() and told.isdecimal():
        wait = timedelta(seconds=min(int(told[:9]), LONGEST_AGAIN.total_seconds()))
    elif (date := http_date(told)) is not None:
        wait = date - now
    else:
        return None
    return min(max(wait, SHORTEST_AGAIN), LONGEST_AGAIN)
