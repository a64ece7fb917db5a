"""Nobody makes us call into our own network, however the address is written."""

import socket
from ipaddress import IPv4Address, ip_address

import pytest

from app.store import Store
from app.webhooks.addresses import AddressRefused, checked_socket, is_public
from tests.webhooks.receiving import drained, house
from tests.webhooks.test_delivering import standing

INSIDE = [
    "127.0.0.1", "127.9.9.9", str(IPv4Address(0)),
    "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a00:1",
    "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe",
]  # fmt: skip
OUTSIDE = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2001:4860:4860::8888"]


@pytest.mark.parametrize("text", INSIDE)
def test_addresses_inside_are_refused(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", OUTSIDE)
def test_addresses_outside_are_called(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("host", ["127.0.0.1", "fe80::1%1", "2130706433", "localhost"])
def test_no_socket_is_made_for_them(host: str) -> None:
    told = (socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, 443))
    with pytest.raises(AddressRefused):
        checked_socket(told)


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        *((host, "ADDRESS_REFUSED") for host in ("127.0.0.1", "localhost", "0x7f000001")),
        *((host, "ADDRESS_REFUSED") for host in ("[::1]", "[::ffff:127.0.0.1]")),
        # The client takes these for addresses, and then for none.
        *((host, "UNREACHABLE") for host in ("127.1", "2130706433")),
    ],
)
async def test_no_spelling_leads_inside(store: Store, host: str, reason: str) -> None:
    async with house(store) as there:
        port = there.url.rsplit(":", 1)[1]
        url = f"https://{host}:{port}"
        async with there.process(url=url, within=False) as process:
            await there.has(A=1)
            await drained(process)

        assert (await standing(there)).reason == reason
        assert there.receiver.requests == []


async def test_redirects_are_not_followed(store: Store) -> None:
    async with house(store) as there, there.process() as process:
        there.receiver.answers = [307]
        there.receiver.headers = {"location": there.url + "/elsewhere"}
        await there.has(A=1)
        await drained(process)

        assert (await standing(there)).reason == "HTTP_307"
        assert len(there.receiver.requests) == 1
