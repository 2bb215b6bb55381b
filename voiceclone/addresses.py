"""Whom an IP address belongs to: to the internet, to this network, or to what no link may lead to.

Knows nothing of names, links and who follows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

SWITCH = "RUNPOD_ALLOW_PRIVATE_DOWNLOAD_URLS"
"""The SDK's variable: where it is true, links may also lead into this network."""
_NAT64 = ip_network("64:ff9b::/96")
_PRIVATE = ip_network("fec0::/10")
# Beside what is link-local, multicast or reserved: where clouds serve a machine's own secrets, this very machine by
# another name, and tunnels (6to4, its relays, Teredo) that hold an IPv4 address of any kind.
_NOBODYS = tuple(
    map(
        ip_network,
        (
            *("168.63.129.16/32", "100.100.100.200/32", "192.0.0.0/24", "fd00:ec2::/32", "fd20:ce::254/128"),
            *("0.0.0.0/8", "2002::/16", "192.88.99.0/24", "2001::/32"),
        ),
    )
)


def may_lead_to(address: str, inside: bool = False) -> bool:
    """Whether a link of somebody else may lead to an IP address.

    The internet's may. With `inside`, loopback and private ones may too. Those that are link-local, multicast, reserved
    or serve a machine's own secrets never may.
    """
    ip: IPv4Address | IPv6Address = ip_address(address)
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or (IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else ip)
    if ip.is_loopback:  # ::1 is also reserved
        return inside
    if ip.is_link_local or ip.is_multicast or ip.is_reserved or any(ip in network for network in _NOBODYS):
        return False
    return inside or (ip.is_global and ip not in _PRIVATE)


def inside_allowed(environ: Mapping[str, str]) -> bool:
    """Whether the SDK's switch lets links lead into this network."""
    return environ.get(SWITCH, "").strip().lower() in {"1", "true", "yes"}
