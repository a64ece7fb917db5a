"""From whom a request comes: a proxy is believed only if it is trusted, and only so far."""

from typing import Any

import pytest

from app.api.addresses import Forwarding, household_of
from app.api.callers import Caller, caller_of
from app.api.headers import RequestHeaders
from app.api.manners import manner_of
from app.settings import Server

PROXIES = {"trusted_proxies": ["10.0.0.0/8", "2001:db8:ffff::/48"]}


async def origin(server: dict[str, Any], peer: str | None, *headers: tuple[str, str]) -> str | None:
    """The address that the application behind the middleware sees."""
    settings = Server.model_validate(server)
    seen: list[Any] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["client"])

    scope = {
        "type": "http",
        "client": peer and (peer, 4711),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }
    forwarding = Forwarding(app, trusted=settings.trusted_proxies, header=settings.forwarded_header)
    nothing: Any = None
    await forwarding(scope, nothing, nothing)
    return seen[0] and str(seen[0][0])


def x(*values: str) -> list[tuple[str, str]]:
    return [("x-forwarded-for", value) for value in values]


@pytest.mark.parametrize(
    ("peer", "headers", "seen"),
    [
        ("192.0.2.1", x("198.51.100.7"), "192.0.2.1"),  # no proxy of ours
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", x("198.51.100.7"), "198.51.100.7"),
        ("10.0.0.1", x("1.1.1.1, 198.51.100.7"), "198.51.100.7"),  # the first is the caller's word
        ("10.0.0.1", x("1.1.1.1", "198.51.100.7, 10.9.9.9"), "198.51.100.7"),
        ("10.0.0.1", x("10.1.1.1, 10.2.2.2"), "10.1.1.1"),  # asked from within
        ("10.0.0.1", x("198.51.100.7:8080"), "198.51.100.7"),
        ("10.0.0.1", x("[2001:db8::1]:8080"), "2001:db8::1"),
        ("10.0.0.1", x("2001:db8::1"), "2001:db8::1"),
        ("::ffff:10.0.0.1", x("::ffff:198.51.100.7"), "198.51.100.7"),
        ("2001:db8:ffff::1", x("198.51.100.7"), "198.51.100.7"),
        ("10.0.0.1", x("1.1.1.1, unknown"), "10.0.0.1"),
        ("10.0.0.1", x("1.1.1.1, unknown, 10.3.3.3"), "10.3.3.3"),
        ("10.0.0.1", x(""), "10.0.0.1"),
        ("10.0.0.1", x("1.1.1.1," * 5_000 + "198.51.100.7"), "198.51.100.7"),
        ("10.0.0.1", [("forwarded", "for=198.51.100.7")], "10.0.0.1"),  # not the proxy's header
        (None, x("198.51.100.7"), None),
    ],
)
async def test_the_nearest_address_that_is_no_trusted_proxys_is_the_callers(
    peer: str | None, headers: list[tuple[str, str]], seen: str | None
) -> None:
    assert await origin(PROXIES, peer, *headers) == seen


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("for=198.51.100.7", "198.51.100.7"),
        ('For="198.51.100.7:4711";proto=https;by=10.0.0.1', "198.51.100.7"),
        ('for=1.1.1.1, proto=http;for="[2001:db8::1]:80"', "2001:db8::1"),
        ('for="1.1.1.1, for=198.51.100.7', "198.51.100.7"),  # an open quote hides nothing
        ("for=_hidden", "10.0.0.1"),
        ("proto=https", "10.0.0.1"),
    ],
)
async def test_the_standard_header_is_read_where_the_proxy_writes_it(value: str, seen: str) -> None:
    server = {**PROXIES, "forwarded_header": "forwarded"}

    assert await origin(server, "10.0.0.1", ("forwarded", value)) == seen
    assert await origin(server, "10.0.0.1", ("x-forwarded-for", "1.1.1.1")) == "10.0.0.1"


@pytest.mark.parametrize(
    ("address", "household"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_all_addresses_of_a_household_pay_together(address: str, household: str) -> None:
    assert household_of(address) == household


def test_a_caller_is_known_by_its_address_which_is_not_shown() -> None:
    scope = {"type": "http", "client": ("2001:db8::7", 1), "headers": []}
    headers = RequestHeaders(scope)
    caller = caller_of(scope, headers, manner_of(headers))

    assert caller.principal == "2001:db8::/64"
    assert "2001" not in repr(caller)
    assert Caller().principal == "no address"
