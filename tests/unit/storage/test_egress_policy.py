import pytest

from pipeline.errors import ConfigError
from storage.egress_policy import (
    Destination,
    EgressPolicy,
    is_public,
    parse_allow,
    parse_destination,
)

CLOSED = [
    "0.0.0.0",  # noqa: S104 - the point
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.0.0.2",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "224.0.1.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "2606:4700::1111%eth0",
    "not an address",
]


@pytest.mark.parametrize("address", CLOSED)
def test_addresses_that_are_not_public_are_closed(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111"])
def test_public_addresses_are_open(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "authority",
    [
        "user@127.0.0.1",
        "user:word@example.org:80",
        "example.org:80@127.0.0.1",
        "example.org\\@127.0.0.1",
        "example.org%00.localhost",
        "[fe80::1%25eth0]:80",
        "[::1",
        "::1",
        "[1.2.3.4]:80",
        "exa mple.org",
        "example.org:0",
        "example.org:65536",
        "example.org:080808",
        "example.org:+80",
        "exämple.org",
        "",
        ":80",
    ],
)
def test_tricks_with_authorities_name_no_destination(authority: str) -> None:
    assert parse_destination(authority, 80) is None


def test_destinations_are_compared_in_one_form() -> None:
    assert parse_destination("EXAMPLE.org", 80) == Destination("example.org", 80)
    assert parse_destination("[0:0::1]:8000") == Destination("::1", 8000)
    assert str(Destination("::1", 8000)) == "[::1]:8000"


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0177.0.0.1",
        "0x7f.1",
        "127.1",
        "0x7f000001",
        "1.2.3.4.5",
        "a.0x7f",
        "127.0.1.",
    ],
)
def test_numbers_that_are_no_plain_address_are_refused(host: str) -> None:
    assert EgressPolicy().refuse_name(Destination(host, 80)) == "odd_address"


@pytest.mark.parametrize("port", [22, 25, 3306, 5432, 6379, 9200, 11211])
def test_ports_of_other_services_are_refused(port: int) -> None:
    assert EgressPolicy().refuse_name(Destination("example.org", port)) == "port_not_allowed"


def test_an_exception_opens_exactly_what_it_names() -> None:
    policy = EgressPolicy(parse_allow("127.0.0.1:8123, site.test:9000"))
    assert not policy.refuse_name(Destination("127.0.0.1", 8123))
    assert not policy.refuse_address(Destination("127.0.0.1", 8123), "127.0.0.1")
    assert not policy.refuse_address(Destination("site.test", 9000), "10.0.0.7")
    assert policy.refuse_name(Destination("127.0.0.1", 8124)) == "private_address"
    assert policy.refuse_name(Destination("127.0.0.2", 8123)) == "private_address"
    assert policy.refuse_name(Destination("site.test", 9001)) == "port_not_allowed"
    assert policy.refuse_address(Destination("other.test", 80), "127.0.0.1") == "private_address"


@pytest.mark.parametrize("text", ["127.0.0.1", "127.0.0.1:", "http://a:80", "a b:80", "*:80"])
def test_an_exception_that_is_no_host_and_port_stops_the_start(text: str) -> None:
    with pytest.raises(ConfigError, match="VERITY_FETCH_ALLOW"):
        parse_allow(text)
