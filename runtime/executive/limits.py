"""The meter of a block: what its extrinsics have used, by class, in both dimensions of weight and in bytes."""

from __future__ import annotations

from runtime.frame.validity import ExhaustsResources
from runtime.types.limits import BLOCK_BYTES_MAX, BLOCK_LENGTH, BLOCK_WEIGHTS, ConsumedWeight, classes
from runtime.types.weight import DispatchClass, Weight

_CLASSES = classes(BLOCK_WEIGHTS)
_LENGTHS = (BLOCK_LENGTH.max.normal, BLOCK_LENGTH.max.operational, BLOCK_LENGTH.max.mandatory)
_MAX_TIME = BLOCK_WEIGHTS.max_block.ref_time
_MAX_PROOF = BLOCK_WEIGHTS.max_block.proof_size


class BlockMeter:
    """Counts what a block uses; mandatory calls are counted and never refused."""

    __slots__ = ("_length", "_proof", "_time")

    def __init__(self) -> None:
        self._time = [0, 0, BLOCK_WEIGHTS.base_block.ref_time]
        self._proof = [0, 0, BLOCK_WEIGHTS.base_block.proof_size]
        self._length = 0

    def take(self, weight: Weight, length: int, dispatch_class: DispatchClass) -> None:
        """Count an extrinsic before it runs; raises `ExhaustsResources` when the block has no room for it."""
        kind = int(dispatch_class)
        limits = _CLASSES[kind]
        base = limits.base_extrinsic
        time, proof = weight.ref_time + base.ref_time, weight.proof_size + base.proof_size
        if kind != DispatchClass.Mandatory:
            most = limits.max_total
            if most is not None and (
                self._time[kind] + time > most.ref_time or self._proof[kind] + proof > most.proof_size
            ):
                raise ExhaustsResources
            if sum(self._time) + time > _MAX_TIME or sum(self._proof) + proof > _MAX_PROOF:
                raise ExhaustsResources
            if self._length + length > _LENGTHS[kind]:
                raise ExhaustsResources
        self._time[kind] += time
        self._proof[kind] += proof
        self._length += length

    def give_back(self, weight: Weight, dispatch_class: DispatchClass) -> None:
        """Return what an extrinsic did not use."""
        kind = int(dispatch_class)
        self._time[kind] -= weight.ref_time
        self._proof[kind] -= weight.proof_size

    def charge(self, weight: Weight) -> None:
        """Count what a hook used."""
        self._time[DispatchClass.Mandatory] += weight.ref_time
        self._proof[DispatchClass.Mandatory] += weight.proof_size

    def left(self) -> Weight:
        """What the block could still hold."""
        return Weight(max(0, _MAX_TIME - sum(self._time)), max(0, _MAX_PROOF - sum(self._proof)))

    def used(self) -> ConsumedWeight:
        """What was used, by class."""
        each = [Weight(time, proof) for time, proof in zip(self._time, self._proof, strict=True)]
        return ConsumedWeight(*each)

    @property
    def length(self) -> int:
        """Bytes of extrinsics so far."""
        return self._length


def check_single(weight: Weight, length: int, dispatch_class: DispatchClass) -> None:
    """Whether an extrinsic could fit into an empty block; raises `ExhaustsResources` if it never will."""
    limits = _CLASSES[int(dispatch_class)]
    most = limits.max_extrinsic
    if most is not None and not (weight + limits.base_extrinsic).fits(most):
        raise ExhaustsResources
    if length > min(BLOCK_BYTES_MAX, _LENGTHS[int(dispatch_class)]):
        raise ExhaustsResources
