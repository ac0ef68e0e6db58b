"""Peer exchange: the answer to a request of the protocol `peers`, addresses that a node was connected to."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Annotated, Final, TypeAlias

from node.network.address import HOST_BYTES_MAX, PEER_ID_BYTES, PeerAddress, is_ip, is_loopback
from node.network.errors import BadAddress, BadFrame
from runtime.scale import U16, DecodeError, Fixed, Max, Struct, codec_of

ADDRESSES_MAX: Final = 256
"""What an answer may hold, whoever sends it; this node's own hold `exchange_addresses_max`."""


class Contact(Struct):
    """One address."""

    peer: Annotated[bytes, Fixed(PEER_ID_BYTES)]
    host: Annotated[str, Max(HOST_BYTES_MAX)]
    port: U16


Contacts: TypeAlias = Annotated[tuple[Contact, ...], Max(ADDRESSES_MAX)]
_CONTACTS: Final = codec_of(Contacts)


def write_addresses(addresses: Sequence[PeerAddress], count_max: int, random: Random) -> bytes:
    """An answer of up to `count_max` of the addresses, drawn at random."""
    drawn = random.sample(addresses, count_max) if len(addresses) > count_max else addresses
    return _CONTACTS.encode(tuple(Contact(each.peer, each.host, each.port) for each in drawn))


def read_addresses(answer: bytes, source_host: str) -> list[PeerAddress]:
    """The addresses of an answer that are worth noting. Raises BadFrame when it is none."""
    try:
        contacts = _CONTACTS.decode(answer)
        addresses = [PeerAddress(contact.peer, contact.host, contact.port) for contact in contacts]
    except (DecodeError, BadAddress) as error:
        raise BadFrame(f"an answer holds no addresses: {error}") from None
    return [address for address in addresses if is_credible(address, source_host)]


def is_credible(address: PeerAddress, source_host: str) -> bool:
    """Whether an address that came from `source_host` is worth dialling.

    Names are not: looking them up would have this node ask others' servers at a peer's bidding. This
    machine's own addresses are, when they come from this machine.
    """
    return is_ip(address.host) and (not is_loopback(address.host) or is_loopback(source_host))
