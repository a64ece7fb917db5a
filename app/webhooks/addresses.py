"""Which addresses may be called from within our network on behalf of others? Public ones only.

It is the address that a socket is about to be connected to which is checked: so it does not matter
how it is written, who resolves its name, or that the name stands for something else by then.
"""

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

Address = IPv4Address | IPv6Address
TRANSLATED = IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48")
COMPATIBLE = IPv6Network("::/96")


class AddressRefused(OSError):  # noqa: N818  named by what happened
    """It is not an address of the public internet."""


def is_public(address: Address) -> bool:
    """Whether it is of the public internet, and so is every address within it."""
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    if isinstance(address, IPv6Address) and address.is_site_local:
        special = True  # deprecated, and still routed somewhere
    return address.is_global and not special and all(map(is_public, _within(address)))


def _within(address: Address) -> Iterator[IPv4Address]:
    """IPv4 addresses that an IPv6 address leads to."""
    if isinstance(address, IPv4Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if any(address in network for network in (*TRANSLATED, COMPATIBLE)):
        yield IPv4Address(int(address) & 0xFFFFFFFF)


def checked_socket(told: tuple[Any, ...]) -> socket.socket:
    """A socket for an address as `getaddrinfo` tells it.

    Raises:
        AddressRefused: nobody of ours calls there.
    """
    family, kind, protocol, _, where = told
    try:
        address = ip_address(str(where[0]).partition("%")[0])
    except ValueError as error:
        raise AddressRefused from error
    if not is_public(address):
        raise AddressRefused
    return socket.socket(family, kind, protocol)
