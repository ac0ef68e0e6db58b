"""Block limits as constants of the System pallet publish them."""

from __future__ import annotations

from typing import Final

from runtime.scale import U32, U64, Struct
from runtime.types.weight import DispatchClass, Weight

SECOND: Final = 1_000_000_000_000
"""Picoseconds."""
EXTRINSIC_BASE: Final = Weight(120_000_000, 0)
"""What every extrinsic costs beside its call: decoding, the extensions, its events."""
BLOCK_MAX: Final = Weight(2 * SECOND, 64 * 1024 * 1024)
"""The most that a block may hold."""
MIGRATION_MAX: Final = Weight(BLOCK_MAX.ref_time // 2, BLOCK_MAX.proof_size // 2)
"""How much of a block the steps of migrations may use; rounded down."""
NORMAL_PERCENT: Final = 75
"""How much of it ordinary transactions may use; rounded down."""
BLOCK_BYTES_MAX: Final = 5 * 1024 * 1024
"""The most bytes of extrinsics in a block."""


class WeightsPerClass(Struct, path="frame_system::limits::WeightsPerClass"):
    """The limits of one class of calls."""

    base_extrinsic: Weight
    """Added to each extrinsic's weight."""
    max_extrinsic: Weight | None
    """The most that one extrinsic may use."""
    max_total: Weight | None
    """The most that all of them may use together."""
    reserved: Weight | None
    """What other classes leave to this one."""


class PerClassWeights(
    Struct, path="frame_support::dispatch::PerDispatchClass", params={"T": WeightsPerClass}
):
    """Limits by class."""

    normal: WeightsPerClass
    operational: WeightsPerClass
    mandatory: WeightsPerClass


class BlockWeights(Struct, path="frame_system::limits::BlockWeights"):
    """The weight limits of a block."""

    base_block: Weight
    """What an empty block costs."""
    max_block: Weight
    """The most that a block may hold."""
    per_class: PerClassWeights


class PerClassBytes(Struct, path="frame_support::dispatch::PerDispatchClass", params={"T": U32}):
    """Bytes by class."""

    normal: U32
    operational: U32
    mandatory: U32


class BlockLength(Struct, path="frame_system::limits::BlockLength"):
    """The length limits of a block."""

    max: PerClassBytes


class ConsumedWeight(Struct, path="frame_support::dispatch::PerDispatchClass", params={"T": Weight}):
    """The weight that a block used, by class."""

    normal: Weight
    operational: Weight
    mandatory: Weight


class DbWeight(Struct, path="sp_weights::RuntimeDbWeight"):
    """Picoseconds of one storage access."""

    read: U64
    write: U64


_NORMAL_MAX: Final = Weight(
    BLOCK_MAX.ref_time * NORMAL_PERCENT // 100, BLOCK_MAX.proof_size * NORMAL_PERCENT // 100
)
BLOCK_WEIGHTS: Final = BlockWeights(
    base_block=Weight(350_000_000, 0),
    max_block=BLOCK_MAX,
    per_class=PerClassWeights(
        normal=WeightsPerClass(EXTRINSIC_BASE, _NORMAL_MAX, _NORMAL_MAX, Weight(0, 0)),
        operational=WeightsPerClass(EXTRINSIC_BASE, BLOCK_MAX, BLOCK_MAX, BLOCK_MAX - _NORMAL_MAX),
        mandatory=WeightsPerClass(EXTRINSIC_BASE, None, None, None),
    ),
)
BLOCK_LENGTH: Final = BlockLength(
    PerClassBytes(BLOCK_BYTES_MAX * NORMAL_PERCENT // 100, BLOCK_BYTES_MAX, BLOCK_BYTES_MAX)
)


def classes(limits: BlockWeights) -> tuple[WeightsPerClass, ...]:
    """The limits by class number."""
    order = {
        DispatchClass.Normal: limits.per_class.normal,
        DispatchClass.Operational: limits.per_class.operational,
        DispatchClass.Mandatory: limits.per_class.mandatory,
    }
    return tuple(order[each] for each in DispatchClass)
