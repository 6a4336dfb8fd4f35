"""What the egress guard lets out: which ports, which addresses, which exact exceptions.

Pure: names are resolved elsewhere, the answers are judged here. Ranges are listed by hand, since
what `ipaddress` calls global changes between Python releases and counts multicast in.
"""

import ipaddress
import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from pipeline.errors import ConfigError

# Web servers and stream servers. The rest is closed: a fetcher that can be sent to port 25 or 6379
# of a public host speaks for us to mail servers and databases.
ALLOWED_PORTS = frozenset({80, 443, 8000, 8008, 8080, 8443, 8888})

# https://www.iana.org/assignments/iana-ipv4-special-registry, plus multicast, the former class E
# and Azure's host service, which answers on a public address.
FORBIDDEN_IPV4: tuple[IPv4Network, ...] = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Global unicast is one block; everything else ([::], [::1], IPv4-mapped, NAT64, unique local, link
# local, multicast) is closed by not being in it.
OPEN_IPV6 = IPv6Network("2000::/3")
FORBIDDEN_IPV6: tuple[IPv6Network, ...] = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # IETF protocols; Teredo carries an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4 carries an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)

_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?")
_LAST_LABEL_IS_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?")


@dataclass(frozen=True, slots=True)
class Destination:
    """A host, as it was written, and a port."""

    host: str  # lower case; an IPv6 address without brackets
    port: int

    def __str__(self) -> str:
        """Return it as a URL writes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """Which destinations are open."""

    allow: frozenset[Destination] = frozenset()  # exact exceptions, compared as written
    ports: frozenset[int] = ALLOWED_PORTS

    def refuse_name(self, destination: Destination) -> str:
        """Return why a destination is refused before its name is resolved, or nothing."""
        if destination in self.allow:
            return ""
        if _is_address(destination.host):
            if not is_public(destination.host):
                return "private_address"
        elif _LAST_LABEL_IS_NUMBER.fullmatch(destination.host):
            # 2130706433, 0177.0.0.1 and 127.1 are addresses to some resolvers, names to others.
            return "odd_address"
        return "" if destination.port in self.ports else "port_not_allowed"

    def refuse_address(self, destination: Destination, address: str) -> str:
        """Return why an address that a destination resolved to is refused, or nothing."""
        if destination in self.allow or is_public(address):
            return ""
        return "private_address"


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the open internet.

    False for what is private, loopback, link-local, multicast, reserved or documentation, for every
    IPv6 form that carries an IPv4 address, and for what is no address.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return not any(parsed in network for network in FORBIDDEN_IPV4)
    if parsed.scope_id is not None or parsed not in OPEN_IPV6:
        return False
    return not any(parsed in network for network in FORBIDDEN_IPV6)


def parse_destination(authority: str, default_port: int | None = None) -> Destination | None:
    """Return the destination that `host:port` names, or None where it is anything else.

    User names, percent signs, backslashes and zone ids are not taken: each of them has been read
    as one host by a checker and as another by the client.
    """
    match = _AUTHORITY.fullmatch(authority)
    if not match:
        return None
    host, port = match.group(1).lower(), int(match.group(2) or default_port or 0)
    if not 0 < port < 65536:
        return None
    if not host.startswith("["):
        return Destination(host, port)
    try:
        return Destination(str(ipaddress.IPv6Address(host[1:-1])), port)
    except ValueError:
        return None


def parse_allow(text: str) -> frozenset[Destination]:
    """Return the exceptions that `host:port[,host:port]` names.

    Raises:
        ConfigError: an entry is no host with a port.
    """
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    allowed = {entry: parse_destination(entry) for entry in entries}
    if wrong := [entry for entry, destination in allowed.items() if destination is None]:
        raise ConfigError(
            f"VERITY_FETCH_ALLOW: {wrong[0]!r} is not host:port. Name each exception exactly, such"
            " as 127.0.0.1:8000, separated by commas."
        )
    return frozenset(destination for destination in allowed.values() if destination)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
