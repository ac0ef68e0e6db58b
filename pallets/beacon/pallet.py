"""The development beacon: one author signs each block's height and the beacon before, and the signature is
hashed on.

    signature_h = ed25519(author, genesis hash ++ height (u32, little-endian) ++ B_{h-1})
    B_h         = blake2b_256(B_{h-1} ++ signature_h)

The author puts the signature into a pre-runtime digest item; without it, or with a wrong one, there is no
block. An author who dislikes a value may withhold it, or sign again with another nonce: the beacon says of
itself that it is biasable.
"""

from __future__ import annotations

from typing import Annotated, Final

from runtime.crypto import ed25519
from runtime.crypto.hashing import blake2b_256
from runtime.frame import InvalidBlock, NoError, NoEvent, Pallet, StorageValue, hookimpl
from runtime.frame.interfaces import Blocks
from runtime.scale import Doc, Fixed, Struct
from runtime.types import BlockNumber, Hash, Weight, db
from runtime.types.digest import PreRuntime

ENGINE: Final = b"BEAC"
"""The engine of the digest item that carries the signature."""
VERIFICATION: Final = db(reads=2, writes=1, compute=60_000_000)


class Genesis(Struct):
    """Who signs, and the first value."""

    author: Annotated[bytes, Fixed(32), Doc("The ed25519 key of the author.")]
    seed: Hash = bytes(32)


class Beacon(Pallet[NoEvent, NoError]):
    """Public randomness, one value a block."""

    blocks: Blocks

    author = StorageValue[Annotated[bytes, Fixed(32)]](
        default=bytes(32), doc="The ed25519 key that signs the beacon."
    )
    value = StorageValue[Hash](default=bytes(32), doc="The beacon of this block.")

    @hookimpl
    def build_genesis(self, genesis: Genesis) -> None:
        self.author = genesis.author
        self.value = genesis.seed

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Verify the author's signature and turn the wheel."""
        signatures = [
            item.data
            for item in self.blocks.digest_logs()
            if isinstance(item, PreRuntime) and item.engine == ENGINE
        ]
        if len(signatures) != 1:
            raise InvalidBlock(
                f"the block carries {len(signatures)} beacon signatures (digest item BEAC), not one"
            )
        before = self.value
        if not ed25519.verify(self.author, message(self.blocks.genesis_hash(), now, before), signatures[0]):
            raise InvalidBlock("the beacon signature (digest item BEAC) is not the author's for this height")
        self.value = blake2b_256(before + signatures[0])
        return VERIFICATION

    # runtime.frame.interfaces.Beacon

    def randomness(self) -> bytes:
        return self.value

    def is_biasable(self) -> bool:
        return True


def message(genesis_hash: bytes, height: int, previous: bytes) -> bytes:
    """What the author signs for the block at `height`."""
    return genesis_hash + height.to_bytes(4, "little") + previous
