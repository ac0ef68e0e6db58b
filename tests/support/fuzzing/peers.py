"""The targets of what peers say: frames, handshakes, addresses, and the words of the agreement."""

from __future__ import annotations

from functools import cache
from typing import cast

from node.consensus.actions import Broadcast, Send
from node.consensus.blocks import NotABlock, encode_block, read_block, read_candidate
from node.consensus.epochs import Epochs
from node.consensus.inputs import Epoch, Proposed
from node.consensus.intake import intake
from node.consensus.messages import (
    AnyMessage,
    Bodies,
    Message,
    Need,
    Proposal,
    Proved,
    Status,
    Voted,
    Want,
)
from node.consensus.timing import Timing
from node.network.address import PeerAddress
from node.network.errors import BadAddress, BadFrame, HandshakeFailed
from node.network.exchange import ADDRESSES_MAX, Contact, Contacts, is_credible, read_addresses
from node.network.frames import (
    FRAME_BYTES_MAX,
    Frame,
    FrameReader,
    Goodbye,
    Gossip,
    Head,
    Hello,
    Ping,
    Pong,
    Refusal,
    Request,
    Response,
    encode,
)
from node.network.handshake import MESSAGE_BYTES, Credentials, Handshake
from runtime.scale import DecodeError, codec_of
from runtime.simplex import ENGINE, Authored, Certificate, Kind, Statement
from runtime.trie import StateVersion, ordered_trie_root
from runtime.types.block import Block, Header
from runtime.types.digest import Digest, PreRuntime
from support.committees import Signers
from support.fuzzing.engine import ACCEPTED, Target, outcome
from support.fuzzing.texts import text_of
from support.network import GENESIS, identity

# Frames.

DATA_MAX = 64
"""Bytes of data that any frame may have here."""
WHOLE = FRAME_BYTES_MAX.to_bytes(4, "little")
FRAMES: tuple[tuple[Head, bytes], ...] = (
    (Hello("203.0.113.7", 30_333), b""),
    (Goodbye("too many peers"), b""),
    (Ping(7), b""),
    (Pong(7), b""),
    (Gossip("votes"), b"a vote"),
    (Request(1, "blocks/1"), b"which"),
    (Response(1), bytes(DATA_MAX)),
    (Refusal(1, "busy"), b""),
)


def frames() -> list[bytes]:
    each = [encode(head, data) for head, data in FRAMES]
    return [*each, b"".join(each), WHOLE + each[0][4:], encode(Gossip("votes"), bytes(DATA_MAX + 1))]


def read_frames(pieces: list[bytes]) -> tuple[list[Frame], int, str]:
    """The frames, the bytes that wait, and the refusal, if there is one."""
    reader = FrameReader(lambda head: DATA_MAX)
    found: list[Frame] = []
    try:
        for piece in pieces:
            found += reader.feed(piece)
    except BadFrame as error:
        return found, reader.waiting, outcome(error)
    return found, reader.waiting, ""


def check_frames(data: bytes) -> str:
    """The same frames however the bytes arrive; written again they are what came."""
    whole, waiting, refusal = read_frames([data])
    assert read_frames([data[at : at + 1] for at in range(len(data))])[0::2] == (whole, refusal)
    taken = b"".join(encode(frame.head, frame.data) for frame in whole)
    assert data.startswith(taken), "another encoding of the same frame was accepted"
    assert refusal or len(taken) + waiting == len(data)
    return refusal or f"{ACCEPTED}: {'+'.join(type(frame.head).__name__ for frame in whole)}"


# Handshakes: the keys are fresh each time, so an input says how an honest message is bent.


@cache
def credentials(name: str) -> Credentials:
    return Credentials(identity(name), GENESIS)


def check_handshake(data: bytes) -> str:
    """A byte says which message is bent, the others how: not at all, or the handshake fails."""
    turn, mask = data[0] % len(MESSAGE_BYTES) if data else 0, data[1:]
    mine, other = credentials("mine"), credentials("other")
    dialler, listener = Handshake(mine, other.peer), Handshake(other, None)
    try:
        for place in range(len(MESSAGE_BYTES)):
            writer, reader = (listener, dialler) if place == 1 else (dialler, listener)
            message = writer.write()
            reader.read(bent(message, mask) if place == turn else message)
    except HandshakeFailed as failure:
        assert any(mask) or len(mask) > MESSAGE_BYTES[turn], "an honest handshake failed"
        return outcome(failure)
    assert not any(mask), "a bent message was believed"
    assert (dialler.peer, listener.peer) == (other.peer, mine.peer)
    return ACCEPTED


def bent(message: bytes, mask: bytes) -> bytes:
    """A message with the mask's bits turned, longer when the mask is."""
    size = max(len(message), len(mask))
    pairs = zip(message.ljust(size, b"\0"), mask.ljust(size, b"\0"), strict=True)
    return bytes(a ^ b for a, b in pairs)


# Addresses.

LONG = 4_000
"""No refusal is longer, though each of its characters be written as an escape."""
HOSTS = ("203.0.113.7", "2001:db8::7", "127.0.0.1", "node.example.org", "localhost", "::ffff:10.0.0.1")


def addresses() -> list[PeerAddress]:
    return [PeerAddress(bytes([place]) * 32, host, 30_333 + place) for place, host in enumerate(HOSTS)]


def check_address(data: bytes) -> str:
    try:
        found = PeerAddress.parse(text_of(data))
    except BadAddress as error:
        assert len(str(error)) < LONG, "a refusal as long as a page"
        return outcome(error)
    assert PeerAddress.parse(str(found)) == found
    return ACCEPTED


def check_contacts(data: bytes) -> str:
    """Refused, or addresses that are worth dialling, no more than fit an answer."""
    try:
        found = read_addresses(data, "203.0.113.1")
    except BadFrame as error:
        return outcome(error)
    assert len(found) <= ADDRESSES_MAX
    assert all(is_credible(each, "203.0.113.1") for each in found)
    return f"{ACCEPTED}: {min(len(found), 3)}"


def contacts() -> list[bytes]:
    codec = codec_of(Contacts)
    each = tuple(Contact(address.peer, address.host, address.port) for address in addresses())
    return [codec.encode(()), codec.encode(each), codec.encode(each[:1]), codec.encode(each[:1] * 256)]


# The words of the agreement.

MESSAGE = codec_of(Message)
ME, LEADER, STRANGER = 3, 0, b"\xee" * 32
EPOCH_BLOCKS = 10
HELD_MAX = 8
"""What one message may leave behind: views, blocks, certificates, statements."""


@cache
def signers() -> Signers:
    return Signers(0, ("Alice", "Bob", "Charlie", "Dave"))


@cache
def block() -> Block:
    """What the leader of view 1 would propose first."""
    extrinsics = (b"one", b"another extrinsic")
    authored = PreRuntime(ENGINE, codec_of(Authored).encode(Authored(0, 1, LEADER)))
    root = ordered_trie_root(extrinsics, StateVersion.V0)
    return Block(Header(GENESIS, 1, b"\3" * 32, root, Digest((authored,))), extrinsics)


def messages() -> list[bytes]:
    """Every word, from whoever may say it."""
    body, block_hash = encode_block(block()), block().header.hash
    made = signers()
    notarize = Statement(Kind.Notarize, 0, 1, 0, block_hash)
    finalize, nullify = notarize.replace(kind=Kind.Finalize), Statement(Kind.Nullify, 0, 1)
    said: list[AnyMessage] = [
        *(Voted(made.vote(each, LEADER)) for each in (notarize, nullify, finalize)),
        Proposal(body, made.vote(notarize, LEADER)),
        *(Proved(made.certificate(each, (0, 1, 2))) for each in (notarize, nullify, finalize)),
        Need(0, (1, 2, 2**64 - 1)),
        Want(block_hash, 0),
        Bodies((body,)),
        Bodies((body, body)),
        Status(0, 1, None),
        Status(0, 2**64 - 1, made.certificate(finalize, (0, 1, 2))),
        Status(1, 9, Certificate(finalize, b"", bytes(96))),
    ]
    return [MESSAGE.encode(each) for each in said]


def check_message(data: bytes) -> str:
    """Refused, or taken by a machine that says nothing unspeakable for it and remembers little."""
    try:
        message = cast("AnyMessage", MESSAGE.decode(data))
        happening = intake(signers().committee.validators[LEADER].network, message, read_candidate)
    except DecodeError as error:
        assert 0 <= error.offset <= len(data), error
        return outcome(error)
    except NotABlock as error:
        return outcome(error)
    assert MESSAGE.encode(message) == data, "another encoding of the same message was accepted"
    if isinstance(happening, Proposed):
        body = happening.candidate.body
        assert encode_block(read_block(body)) == body, "another encoding of the same block was accepted"
    machine = Epochs(Timing())
    machine.start(Epoch(signers().committee, ME, GENESIS, 0, EPOCH_BLOCKS))
    actions = [*machine.step(happening), *machine.step(intake(STRANGER, message, read_candidate))]
    assert machine.core.size <= HELD_MAX
    for each in actions:
        if isinstance(each, Send | Broadcast):
            assert MESSAGE.encode(each.message)
    return f"{ACCEPTED}: {'+'.join(sorted({type(each).__name__ for each in actions}))}"


TARGETS = [
    Target("frames", frames, check_frames, words=(WHOLE, b"\xff\xff\xff\xff", bytes(4)), rounds=800),
    Target(
        "handshake",
        lambda: [bytes([turn]) + bytes(size) for turn, size in enumerate(MESSAGE_BYTES)],
        check_handshake,
        rounds=150,
    ),
    Target(
        "peer-address",
        lambda: [str(each).encode() for each in addresses()],
        check_address,
        words=(b"@", b"[", b"]", b":", b"%eth0", "\u0663".encode(), b"0" * 400),
    ),
    Target("contacts", contacts, check_contacts, words=(b"\x18::1", b"\x24127.0.0.1"), rounds=400),
    Target("agreement", messages, check_message, rounds=800),
]
