"""Weights: what a piece of work costs, in picoseconds of reference time and bytes of proof."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from runtime.scale import U64, Compact, Struct

READ_PICOSECONDS: Final = 25_000_000
"""Reference time of one storage read."""
WRITE_PICOSECONDS: Final = 100_000_000
"""Reference time of one storage write."""
U64_MAX: Final = (1 << 64) - 1
"""The most of either dimension."""
READ_PROOF_BYTES: Final = 1_024
"""Proof size that one storage read is charged with."""


class DispatchClass(IntEnum):
    """What share of a block a call may use."""

    __type_path__ = ("frame_support", "dispatch", "DispatchClass")

    Normal = 0
    """Ordinary transactions."""
    Operational = 1
    """Calls that keep the chain running; they may use what ordinary ones leave free."""
    Mandatory = 2
    """Inherents: always included."""


class Pays(IntEnum):
    """Whether the sender pays the fee."""

    __type_path__ = ("frame_support", "dispatch", "Pays")

    Yes = 0
    """The sender pays."""
    No = 1
    """The chain bears the cost."""


class Weight(Struct, path="sp_weights::weight_v2::Weight"):
    """The cost of a piece of work in two dimensions."""

    ref_time: Compact[U64]
    """Picoseconds of computation on the reference machine."""
    proof_size: Compact[U64]
    """Bytes of storage proof."""

    def __add__(self, other: Weight) -> Weight:
        """The sum, `WEIGHT_MAX` where it would be more."""
        return weight_up_to_max(self.ref_time + other.ref_time, self.proof_size + other.proof_size)

    def __sub__(self, other: Weight) -> Weight:
        """The difference, zero where it would be negative."""
        return Weight(max(0, self.ref_time - other.ref_time), max(0, self.proof_size - other.proof_size))

    def times(self, factor: int) -> Weight:
        """This weight `factor` times over, `WEIGHT_MAX` where it would be more."""
        return weight_up_to_max(self.ref_time * factor, self.proof_size * factor)

    def fits(self, limit: Weight) -> bool:
        """Whether both dimensions stay within `limit`."""
        return self.ref_time <= limit.ref_time and self.proof_size <= limit.proof_size

    def least(self, other: Weight) -> Weight:
        """The smaller of both, in each dimension."""
        return Weight(min(self.ref_time, other.ref_time), min(self.proof_size, other.proof_size))


def weight_up_to_max(ref_time: int, proof_size: int) -> Weight:
    """A weight of sizes that were counted, each no more than can be written."""
    return Weight(min(ref_time, U64_MAX), min(proof_size, U64_MAX))


WEIGHT_MAX: Final = Weight(U64_MAX, U64_MAX)
"""The most that can be written."""
ZERO: Final = Weight(0, 0)
"""No work."""


def db(reads: int = 0, writes: int = 0, compute: int = 10_000_000) -> Weight:
    """The weight of `reads` and `writes` of storage and `compute` picoseconds beside them."""
    return Weight(
        compute + reads * READ_PICOSECONDS + writes * WRITE_PICOSECONDS,
        reads * READ_PROOF_BYTES,
    )
