"""An address names who is meant and where; whatever else is written is refused in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.network.address import PeerAddress, group_of, is_loopback
from node.network.errors import BadAddress
from support.network import peer

HEX = peer(0).hex()
FORM = "an address is written PEER@HOST:PORT, the peer in 64 hexadecimal digits"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (f"{HEX}@127.0.0.1:30333", "127.0.0.1", 30_333),
        (f"{HEX}@[2001:db8::7]:1", "2001:db8::7", 1),
        (f"{HEX}@node-1.example:65535", "node-1.example", 65_535),
        (f" {HEX.upper()}@LocalHost:9\n", "localhost", 9),
    ],
)
def test_addresses_are_read_and_written(text: str, host: str, port: int) -> None:
    address = PeerAddress.parse(text)
    assert address == PeerAddress(peer(0), host, port)
    assert str(address) == text.strip().lower()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", FORM),
        ("127.0.0.1:30333", FORM),
        (f"{HEX[:-2]}@127.0.0.1:30333", FORM),
        (f"{HEX}@127.0.0.1", FORM),
        (f"{HEX}@2001:db8::7:1", FORM),
        (f"{HEX}@127.0.0.1:303333", FORM),
        (f"{HEX}@127.0.0.1:0", "a port is a number from 1 to 65535"),
        (f"{HEX}@127.0.0.1:65536", "a port is a number from 1 to 65535"),
        (f"{HEX}@a..b:1", "'a..b' is neither an IP address nor a host's name"),
        (f"{HEX}@-a:1", "'-a' is neither an IP address nor a host's name"),
        (f"{HEX}@[fe80::1%eth0]:1", "'fe80::1%eth0' is neither an IP address nor a host's name"),
    ],
)
def test_what_is_no_address_is_refused(text: str, reason: str) -> None:
    with pytest.raises(BadAddress) as refused:
        PeerAddress.parse(text)
    assert str(refused.value) == f"{text!r} is no address of a peer: {reason}"


def test_long_texts_are_refused_and_not_repeated() -> None:
    with pytest.raises(BadAddress) as refused:
        PeerAddress.parse("x" * 100_000)
    assert str(refused.value) == f"{'x' * 400 + '…'!r} is no address of a peer: {FORM}"
    with pytest.raises(BadAddress) as long:
        PeerAddress(peer(0), "a" * 254, 1)
    assert long.value.reason == "a host has at most 253 characters"
    with pytest.raises(BadAddress) as short:
        PeerAddress(peer(0)[:31], "a", 1)
    assert short.value.reason == "a peer has 32 bytes, not 31"


@given(st.text(max_size=150) | st.text("0123456789abcdef@[]:.", max_size=150).map(lambda text: HEX + text))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = PeerAddress.parse(text)
    except BadAddress:
        return
    assert PeerAddress.parse(str(address)) == address


def test_neighbourhoods() -> None:
    assert group_of("203.0.113.7") == group_of("203.0.113.250") == "203.0.113.0/24"
    assert group_of("203.0.114.7") == "203.0.114.0/24"
    assert group_of("::ffff:203.0.113.7") == "203.0.113.0/24"
    assert group_of("2001:db8:1:2::7") == group_of("2001:db8:1:3::7") == "2001:db8:1::/48"
    assert group_of("node.example") == "node.example"


def test_this_machine() -> None:
    assert all(
        is_loopback(host) for host in ("127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "localhost")
    )
    assert not any(is_loopback(host) for host in ("10.0.0.1", "0.0.0.0", "::", "node.example"))
