"""The development beacon: one author signs each block's height and the beacon before.

    signature_h = ed25519(author, genesis hash ++ height (u32, little-endian) ++ B_{h-1})

An author who dislikes a value may withhold it, or sign again with another nonce: the beacon says of itself
that it is biasable.
"""

from __future__ import annotations

from typing import Annotated, Final

from pallets.beacon.wheel import Wheel
from runtime.crypto import ed25519
from runtime.frame import StorageValue, hookimpl
from runtime.scale import Doc, Fixed, Struct
from runtime.types import BlockNumber, Hash, Weight, db

VERIFICATION: Final = db(reads=2, writes=1, compute=60_000_000)


class DevGenesis(Struct):
    """Who signs, and the first value."""

    author: Annotated[bytes, Fixed(32), Doc("The ed25519 key of the author.")]
    seed: Hash = bytes(32)


class DevBeacon(Wheel):
    """Public randomness of a development chain, one value a block."""

    author = StorageValue[Annotated[bytes, Fixed(32)]](
        default=bytes(32), doc="The ed25519 key that signs the beacon."
    )

    @hookimpl
    def build_genesis(self, genesis: DevGenesis) -> None:
        self.author = genesis.author
        self.value = genesis.seed

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Verify the author's signature and turn the wheel."""
        self.turn(now)
        return VERIFICATION

    def is_signed(self, now: BlockNumber, signature: bytes) -> bool:
        signed = dev_message(self.blocks.genesis_hash(), now, self.value)
        return ed25519.verify(self.author, signed, signature)

    def is_biasable(self) -> bool:
        return True


def dev_message(genesis_hash: bytes, height: int, previous: bytes) -> bytes:
    """What the author signs for the block at `height`."""
    return genesis_hash + height.to_bytes(4, "little") + previous
