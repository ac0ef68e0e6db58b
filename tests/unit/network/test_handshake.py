"""The handshake proves both identities and one chain; anything else is refused, at the message that shows
it.
"""

from __future__ import annotations

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.network.address import PeerId
from node.network.errors import HandshakeFailed, WrongPeer
from node.network.handshake import MESSAGE_BYTES, STATIC_KEY_TAG, Credentials, Handshake
from node.wallet.signer import Keypair
from support.network import GENESIS, IDENTITIES, OTHER_GENESIS, peer

UNREADABLE = "does not decrypt: the peer is of another chain, or the bytes are not its own"
SMALL_ORDER = bytes(31) + b"\x80"
"""A point of order four: under the cofactored rule of consensus it "signs" whatever one likes."""


@functools.cache
def credentials(place: int, genesis: bytes = GENESIS) -> Credentials:
    return Credentials(IDENTITIES[place], genesis)


def sides(
    dialler: Credentials, listener: Credentials, dialled: PeerId | None = None
) -> tuple[Handshake, Handshake]:
    return Handshake(dialler, dialled or listener.peer), Handshake(listener, None)


def shake(here: Handshake, there: Handshake) -> list[bytes]:
    """Let both sides speak in turn; what was said."""
    messages: list[bytes] = []
    while not here.is_over:
        writer, reader = (here, there) if here.is_mine else (there, here)
        assert not reader.is_mine
        messages.append(writer.write())
        reader.read(messages[-1])
    return messages


def test_both_sides_learn_who_the_other_is_and_understand_each_other() -> None:
    here, there = sides(credentials(0), credentials(1))
    messages = shake(here, there)
    assert here.is_over and there.is_over
    assert (here.peer, there.peer) == (peer(1), peer(0))
    assert tuple(map(len, messages)) == MESSAGE_BYTES == (32, 192, 160)
    for one, other in ((here, there), (there, here)):
        sealed = [one.ciphers.encrypt(b"said"), one.ciphers.encrypt(b"said")]
        assert sealed[0] != sealed[1] and len(sealed[0]) == len(b"said") + 16
        assert [other.ciphers.decrypt(each) for each in sealed] == [b"said", b"said"]


def test_no_identity_is_readable_on_the_wire() -> None:
    messages = shake(*sides(credentials(0), credentials(1)))
    assert not any(each in message for each in (peer(0), peer(1)) for message in messages)


def test_a_node_of_another_chain_is_refused_by_the_dialler() -> None:
    here, there = sides(credentials(0), credentials(1, OTHER_GENESIS))
    there.read(here.write())
    with pytest.raises(HandshakeFailed) as refused:
        here.read(there.write())
    assert str(refused.value) == f"message 2 of the handshake {UNREADABLE}"


def test_a_node_of_another_chain_that_goes_on_is_refused_by_the_listener() -> None:
    """A dialler that reads the second message all the same cannot make a third one that fits."""
    here, there = sides(credentials(0, OTHER_GENESIS), credentials(1))
    blind, accomplice = sides(credentials(0, OTHER_GENESIS), credentials(1, OTHER_GENESIS))
    there.read(here.write())
    there.write()
    accomplice.read(blind.write())
    blind.read(accomplice.write())
    with pytest.raises(HandshakeFailed) as refused:
        there.read(blind.write())
    assert str(refused.value) == f"message 3 of the handshake {UNREADABLE}"


def test_another_than_the_dialled_node_is_refused() -> None:
    here, there = sides(credentials(0), credentials(1), dialled=peer(2))
    there.read(here.write())
    with pytest.raises(WrongPeer) as refused:
        here.read(there.write())
    assert str(refused.value) == f"{peer(1).hex()} answers where {peer(2).hex()} was dialled"


def test_a_node_does_not_speak_to_itself() -> None:
    here, there = sides(credentials(0), Credentials(IDENTITIES[0], GENESIS))
    there.read(here.write())
    with pytest.raises(HandshakeFailed) as refused:
        here.read(there.write())
    assert str(refused.value) == "the peer is this node itself"


def impostors() -> dict[str, bytes]:
    """Proofs that claim to be the peer 2 without its signature of this key."""
    genuine = Credentials(IDENTITIES[2], GENESIS).proof
    liar = Credentials(IDENTITIES[1], GENESIS)
    return {
        "a signature of another key": genuine,
        "another's signature": peer(2) + liar.proof[32:],
        "no signature": peer(2) + bytes(64),
        "a point without an owner": SMALL_ORDER + SMALL_ORDER + bytes(32),
    }


@pytest.mark.parametrize("what", list(impostors()))
@pytest.mark.parametrize("is_dialler", [True, False])
def test_an_identity_that_did_not_sign_the_key_is_refused(what: str, is_dialler: bool) -> None:
    liar = Credentials(IDENTITIES[1], GENESIS)
    liar.proof = impostors()[what]
    here, there = sides(liar, credentials(3)) if is_dialler else sides(credentials(3), liar, peer(2))
    with pytest.raises(HandshakeFailed) as refused:
        shake(here, there)
    assert str(refused.value) == "the peer's identity did not sign its key"


def test_the_signature_is_of_nothing_else_that_an_identity_signs() -> None:
    """The tag stands before the key: a signature of the bare key is none."""
    made = Credentials(IDENTITIES[2], GENESIS)
    public = Keypair.from_seed(bytes(32), "ed25519").public
    signature = IDENTITIES[2].sign(public)
    assert made.proof[:32] == peer(2) and made.proof[32:] != signature
    assert STATIC_KEY_TAG.startswith(b"ballast")


def test_recorded_messages_prove_nothing() -> None:
    """What a dialler said once opens no second connection, whole or in part."""
    first, _, third = shake(*sides(credentials(0), credentials(1)))
    again = Handshake(credentials(1), None)
    again.read(first)
    again.write()
    with pytest.raises(HandshakeFailed) as refused:
        again.read(third)
    assert str(refused.value) == f"message 3 of the handshake {UNREADABLE}"


def test_recorded_answers_prove_nothing() -> None:
    _, second, _ = shake(*sides(credentials(0), credentials(1)))
    here = Handshake(credentials(0), peer(1))
    here.write()
    with pytest.raises(HandshakeFailed) as refused:
        here.read(second)
    assert str(refused.value) == f"message 2 of the handshake {UNREADABLE}"


@given(st.data())
def test_a_bit_changed_anywhere_ends_the_handshake(data: st.DataObject) -> None:
    """In the first message too, although only the second one shows it."""
    struck = data.draw(st.integers(0, 2))
    place = data.draw(st.integers(0, 8 * MESSAGE_BYTES[struck] - 1))
    here, there = sides(credentials(0), credentials(1))
    with pytest.raises(HandshakeFailed):
        for turn in range(3):
            writer, reader = (here, there) if here.is_mine else (there, here)
            message = bytearray(writer.write())
            if turn == struck:
                message[place // 8] ^= 1 << place % 8
            reader.read(bytes(message))


@given(st.binary(max_size=250), st.integers(0, 2))
def test_any_bytes_are_refused(garbage: bytes, turn: int) -> None:
    """But 32 bytes in the first message, which are anybody's key, unless they are of small order."""
    here, there = sides(credentials(0), credentials(1))
    for _ in range(turn):
        writer, reader = (here, there) if here.is_mine else (there, here)
        reader.read(writer.write())
    victim = here if turn == 1 else there
    if turn == 0 and len(garbage) == 32:
        victim.read(garbage)
        return
    with pytest.raises(HandshakeFailed) as refused:
        victim.read(garbage)
    if len(garbage) != MESSAGE_BYTES[turn]:
        assert str(refused.value) == (
            f"message {turn + 1} of the handshake has {len(garbage)} bytes, not {MESSAGE_BYTES[turn]}"
        )


def test_a_key_that_leaves_no_secret_is_refused() -> None:
    """The zero point makes every shared secret zero."""
    there = Handshake(credentials(1), None)
    there.read(bytes(32))
    with pytest.raises(HandshakeFailed) as refused:
        there.write()
    assert str(refused.value) == "the peer's key is of small order and leaves no secret"
