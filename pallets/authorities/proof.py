"""The proof with which keys are registered: both secrets are held, and meant for this account of this chain.

    possession   BLS signature of the BLS key's own bytes, in the domain of proofs
    network      ed25519 signature of TAG ++ genesis hash ++ account ++ BLS key ++ network key
                                            (32)            (32)       (48)       (32)

The first closes the rogue-key attack: a key made of others' would speak for them. The second keeps a
proof from serving another account or another chain; in a genesis the hash is zeros, since it is to come.
"""

from __future__ import annotations

from typing import Final

from pallets.authorities.types import BadBlsKey, Keys, KeysProof, NotConsented, NotPossessed
from runtime.crypto import bls, ed25519

TAG: Final = b"/ballast/keys/1"
"""Nothing else that a node's key signs begins so."""


def message(genesis_hash: bytes, account: bytes, keys: Keys) -> bytes:
    """What the network key signs."""
    return TAG + genesis_hash + account + keys.bls + keys.network


def check(genesis_hash: bytes, account: bytes, keys: Keys, proof: KeysProof) -> None:
    """Be convinced that the keys may enter, or raise `BadBlsKey`, `NotPossessed`, `NotConsented`."""
    try:
        key = bls.load_pubkey(keys.bls)
    except bls.InvalidPublicKey:
        raise BadBlsKey from None
    if not bls.pop_verify(key, proof.possession):
        raise NotPossessed
    if not ed25519.verify(keys.network, message(genesis_hash, account, keys), proof.network):
        raise NotConsented
