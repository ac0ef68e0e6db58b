"""The handshake: how two nodes prove to each other who they are and that they live on one chain; no I/O.

Noise XX (https://noiseprotocol.org/noise.html, revision 34, Noise_XX_25519_ChaChaPoly_SHA256) in three
messages of fixed size:

    dialler -> listener: e                              32 bytes
    listener -> dialler: e, ee, s, es, proof           192 bytes
    dialler -> listener: s, se, proof                  160 bytes

The prologue is PROLOGUE ++ genesis hash: a node of another chain, or of another version of this protocol,
cannot read the second message. A proof is the node's ed25519 identity (32) and its signature (64) of
STATIC_KEY_TAG ++ the Noise static key (32), as in libp2p's noise with a tag of our own: the static key is
proven by the handshake, and the identity speaks for the static key. Ephemeral keys are fresh, so recorded
messages prove nothing. The dialler goes on only with the identity that it dialled.

Identities are checked by the strict rule of libsodium, which refuses keys of small order, and not by
consensus' own: nobody shall pass for a key that has no owner.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from noise.connection import Keypair as KeyRole
from noise.connection import NoiseConnection
from noise.exceptions import NoiseHandshakeError, NoiseInvalidMessage, NoiseValueError

from node.network.address import PEER_ID_BYTES, PeerId
from node.network.errors import HandshakeFailed, WrongPeer
from node.wallet.signer import SIGNATURE_BYTES, Keypair

NOISE: Final = b"Noise_XX_25519_ChaChaPoly_SHA256"
PROLOGUE: Final = b"ballast/1"
STATIC_KEY_TAG: Final = b"ballast-noise-static-key:"
PROOF_BYTES: Final = PEER_ID_BYTES + SIGNATURE_BYTES
KEY_BYTES: Final = 32
TAG_BYTES: Final = 16
MESSAGE_BYTES: Final = (
    KEY_BYTES,
    KEY_BYTES + (KEY_BYTES + TAG_BYTES) + (PROOF_BYTES + TAG_BYTES),
    (KEY_BYTES + TAG_BYTES) + (PROOF_BYTES + TAG_BYTES),
)
"""The sizes of the three messages."""

_REFUSALS: Final = (InvalidTag, ValueError, NoiseHandshakeError, NoiseInvalidMessage, NoiseValueError)


class Credentials:
    """What a node proves itself with, on one chain, for as long as the process lives."""

    def __init__(self, identity: Keypair, genesis_hash: bytes) -> None:
        """`identity` is an ed25519 pair."""
        assert identity.kind == "ed25519"
        self.peer: PeerId = identity.public
        self.prologue = PROLOGUE + genesis_hash
        static = X25519PrivateKey.generate()
        self.static_secret = static.private_bytes_raw()
        public = static.public_key().public_bytes_raw()
        self.proof = identity.public + identity.sign(STATIC_KEY_TAG + public)


class Handshake:
    """One side of one handshake. `write` and `read` take turns, the dialler's `write` first."""

    def __init__(self, credentials: Credentials, dialled: PeerId | None) -> None:
        """`dialled` is who was dialled; None for the side that listens."""
        self._credentials = credentials
        self._dialled = dialled
        self._turn = 0
        self._noise = NoiseConnection.from_name(NOISE)
        self._noise.set_prologue(credentials.prologue)
        if dialled is None:
            self._noise.set_as_responder()
        else:
            self._noise.set_as_initiator()
        self._noise.set_keypair_from_private_bytes(KeyRole.STATIC, credentials.static_secret)
        self._noise.start_handshake()
        self._state = self._noise.noise_protocol.handshake_state
        self._peer: PeerId | None = None

    @property
    def is_over(self) -> bool:
        """Whether both sides have proven themselves."""
        return self._turn == len(MESSAGE_BYTES)

    @property
    def is_mine(self) -> bool:
        """Whether the next message is to be written, not read."""
        return (self._turn % 2 == 0) == (self._dialled is not None)

    @property
    def bytes_next(self) -> int:
        """The size of the next message."""
        return MESSAGE_BYTES[self._turn]

    @property
    def peer(self) -> PeerId:
        """Who is at the other end, once it has proven that."""
        assert self._peer is not None
        return self._peer

    @property
    def ciphers(self) -> NoiseConnection:
        """What encrypts and decrypts from here on."""
        assert self.is_over and self._peer is not None
        return self._noise

    def write(self) -> bytes:
        """The next message. Raises HandshakeFailed when the other side's key allows none."""
        assert self.is_mine and not self.is_over
        proof = self._credentials.proof if self._turn else b""
        self._turn += 1
        try:
            return bytes(self._noise.write_message(proof))
        except ValueError:
            raise HandshakeFailed("the peer's key is of small order and leaves no secret") from None

    def read(self, message: bytes) -> None:
        """Take the other side's message. Raises HandshakeFailed: the connection proves nothing."""
        assert not self.is_mine and not self.is_over
        if len(message) != self.bytes_next:
            raise HandshakeFailed(
                f"message {self._turn + 1} of the handshake has {len(message)} bytes, not {self.bytes_next}"
            )
        try:
            proof = bytes(self._noise.read_message(message))
        except _REFUSALS:
            raise HandshakeFailed(
                f"message {self._turn + 1} of the handshake does not decrypt: "
                "the peer is of another chain, or the bytes are not its own"
            ) from None
        if self._turn:
            self._peer = self._check(proof)
        self._turn += 1

    def _check(self, proof: bytes) -> PeerId:
        peer, signature = proof[:PEER_ID_BYTES], proof[PEER_ID_BYTES:]
        try:
            VerifyKey(peer).verify(STATIC_KEY_TAG + self._state.rs.public_bytes, signature)
        except (BadSignatureError, ValueError):
            raise HandshakeFailed("the peer's identity did not sign its key") from None
        if peer == self._credentials.peer:
            raise HandshakeFailed("the peer is this node itself")
        if self._dialled is not None and peer != self._dialled:
            raise WrongPeer(self._dialled, peer)
        return peer
