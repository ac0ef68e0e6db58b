"""Types of one Noise connection."""

from enum import Enum

class Keypair(Enum):
    STATIC = 1
    REMOTE_STATIC = 2
    EPHEMERAL = 3
    REMOTE_EPHEMERAL = 4

class _PublicKey:
    public_bytes: bytes

class _HandshakeState:
    rs: _PublicKey

class _NoiseProtocol:
    handshake_state: _HandshakeState

class NoiseConnection:
    noise_protocol: _NoiseProtocol
    handshake_finished: bool

    @classmethod
    def from_name(cls, name: bytes) -> NoiseConnection: ...
    def set_prologue(self, prologue: bytes) -> None: ...
    def set_as_initiator(self) -> None: ...
    def set_as_responder(self) -> None: ...
    def set_keypair_from_private_bytes(self, keypair: Keypair, private_bytes: bytes) -> None: ...
    def start_handshake(self) -> None: ...
    def write_message(self, payload: bytes = ...) -> bytearray: ...
    def read_message(self, data: bytes) -> bytearray: ...
    def encrypt(self, data: bytes) -> bytes: ...
    def decrypt(self, data: bytes) -> bytes: ...
