"""The wheel of either beacon: each block hashes on a signature that only its author can make.

    B_h = blake2b_256(B_{h-1} ++ signature_h)

The author puts the signature into a pre-runtime digest item; without it, or with a wrong one, there is no
block.
"""

from __future__ import annotations

from typing import Final

from runtime.crypto.hashing import blake2b_256
from runtime.frame import InvalidBlock, NoError, NoEvent, Pallet, StorageValue
from runtime.frame.interfaces import Blocks
from runtime.types import BlockNumber, Hash
from runtime.types.digest import PreRuntime

ENGINE: Final = b"BEAC"
"""The engine of the digest item that carries the signature."""


class Wheel(Pallet[NoEvent, NoError]):
    """Public randomness, one value a block."""

    blocks: Blocks

    value = StorageValue[Hash](default=bytes(32), doc="The beacon of this block.")

    def turn(self, now: BlockNumber) -> None:
        """Verify the block's signature and hash it on; raises `InvalidBlock`."""
        signatures = [
            item.data
            for item in self.blocks.digest_logs()
            if isinstance(item, PreRuntime) and item.engine == ENGINE
        ]
        if len(signatures) != 1:
            raise InvalidBlock(
                f"the block carries {len(signatures)} beacon signatures (digest item BEAC), not one"
            )
        if not self.is_signed(now, signatures[0]):
            raise InvalidBlock("the beacon signature (digest item BEAC) is not the author's for this height")
        self.value = blake2b_256(self.value + signatures[0])

    def is_signed(self, now: BlockNumber, signature: bytes) -> bool:
        """Whether the signature is that of the block's author."""
        raise NotImplementedError

    # runtime.frame.interfaces.Beacon

    def randomness(self) -> bytes:
        return self.value
