"""The validators' beacon: the proposer of each block signs its epoch and height with its BLS key.

    signature_h = BLS(proposer, TAG ++ genesis hash (32) ++ epoch (u64) ++ height (u32)),   little-endian

A key has one signature of a message and the message leaves nothing to choose, so a proposer cannot try values
until one pleases it. What is left to it is to propose nothing, and then the next leader's value comes.
"""

from __future__ import annotations

from typing import Final

from pallets.beacon.wheel import Wheel
from runtime.crypto import bls
from runtime.frame import hookimpl
from runtime.frame.interfaces import Authors
from runtime.scale import Struct
from runtime.types import BlockNumber, Hash, Weight, db

TAG: Final = b"/ballast/beacon/1"
"""Nothing else that a validator's BLS key signs begins so."""
VERIFICATION: Final = db(reads=4, writes=1, compute=3_000_000_000)


class Genesis(Struct):
    """The first value."""

    seed: Hash = bytes(32)


class Beacon(Wheel):
    """Public randomness of a chain of validators, one value a block."""

    authors: Authors

    @hookimpl
    def build_genesis(self, genesis: Genesis) -> None:
        self.value = genesis.seed

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Verify the proposer's signature and turn the wheel."""
        self.turn(now)
        return VERIFICATION

    def is_signed(self, now: BlockNumber, signature: bytes) -> bool:
        key = bls.load_pubkey(self.authors.author_now().bls)
        return bls.verify(key, message(self.blocks.genesis_hash(), self.authors.epoch_now(), now), signature)

    def is_biasable(self) -> bool:
        return False


def message(genesis_hash: bytes, epoch: int, height: int) -> bytes:
    """What the proposer signs for the block at `height`."""
    return TAG + genesis_hash + epoch.to_bytes(8, "little") + height.to_bytes(4, "little")
