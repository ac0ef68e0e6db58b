"""A runtime of nonces and tips in a few lines, for what surrounds a pool."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, cast

from node.mempool.validate import Head, proof_of
from node.wallet.signer import Keypair
from runtime.executive.extrinsic import ED25519, SR25519, Extrinsic, Proof, Signature
from runtime.frame.validity import AncientBirthBlock, Stale, ValidTransaction
from runtime.scale import DecodeError
from runtime.types.account import Address

ALICE = Keypair.from_suri("//Alice", "ed25519")
BOB = Keypair.from_suri("//Bob", "sr25519")


def signed(nonce: int, who: Keypair = ALICE, tip: int = 0, payload: bytes | None = None) -> bytes:
    """An extrinsic of the small runtime: kind, account, nonce, tip, signature of `v1` and nonce and tip."""
    kind = ED25519 if who.kind == "ed25519" else SR25519
    body = bytes((nonce, tip))
    return bytes((kind,)) + who.public + body + who.sign(payload or b"v1" + body)


class SmallChain:
    """A runtime of nonces and tips, and the best block."""

    def __init__(self) -> None:
        self.number = 1
        self.version = b"v1"
        self.nonces: dict[bytes, int] = {}
        self.judged = 0
        self.refusal: Exception | None = None

    def head(self) -> Head:
        return Head(self.number, self.decode, self)

    def decode(self, raw: bytes) -> Extrinsic:
        if len(raw) != 99:
            raise DecodeError(f"needs 99 bytes, {len(raw)} remain", 0)
        signature = Signature(Address(raw[1:33]), raw[0], raw[35:], (), b"")
        return Extrinsic(raw, cast("Any", None), raw[33:35], signature)

    def payload(self, extrinsic: Extrinsic) -> bytes:
        if isinstance(self.refusal, AncientBirthBlock):
            raise self.refusal
        return self.version + extrinsic.call_bytes

    def validate(self, extrinsic: Extrinsic, *, verified: Container[Proof] = ()) -> ValidTransaction:
        self.judged += 1
        if self.refusal is not None:
            raise self.refusal
        assert proof_of(self, extrinsic) in verified
        account, (nonce, tip) = extrinsic.raw[1:33], extrinsic.call_bytes
        expected = self.nonces.get(account, 0)
        if nonce < expected:
            raise Stale
        requires = (account + bytes((nonce - 1,)),) if nonce > expected else ()
        return ValidTransaction(tip, requires, (account + bytes((nonce,)),), 64, True)
