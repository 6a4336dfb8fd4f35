"""Who sends, as far as limits go: addresses, brought together where one sender has many."""

import ipaddress

HOME_BITS = 64  # of IPv6: what one household or machine is given, and changes within at will


def sender_of(address: str) -> str:
    """Return what limits are counted by: an address, of IPv6 the network that its owner has all of."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address  # what a proxy said, or a test's
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), HOME_BITS), strict=False))
