"""The meter of a block: what its extrinsics have used by class, in both dimensions of weight and in bytes."""

from __future__ import annotations

from runtime.frame.validity import ExhaustsResources
from runtime.types.limits import BLOCK_BYTES_MAX, BLOCK_LENGTH, BLOCK_WEIGHTS, ConsumedWeight, classes
from runtime.types.weight import DispatchClass, Weight, weight_up_to_max

_CLASSES = classes(BLOCK_WEIGHTS)
_LENGTHS = (BLOCK_LENGTH.max.normal, BLOCK_LENGTH.max.operational, BLOCK_LENGTH.max.mandatory)
_MAX_TIME = BLOCK_WEIGHTS.max_block.ref_time
_MAX_PROOF = BLOCK_WEIGHTS.max_block.proof_size
_MANDATORY = DispatchClass.Mandatory
_LIMITS = tuple(
    (
        limits.base_extrinsic.ref_time,
        limits.base_extrinsic.proof_size,
        (limits.max_total or BLOCK_WEIGHTS.max_block).ref_time,
        (limits.max_total or BLOCK_WEIGHTS.max_block).proof_size,
        length,
    )
    for limits, length in zip(_CLASSES, _LENGTHS, strict=True)
)
_Counted = tuple[DispatchClass, int, int, int]
"""A class of calls, and the time, proof and length that were counted before one was taken."""


class BlockMeter:
    """Counts what a block uses; mandatory calls are counted and never refused."""

    __slots__ = ("_all_proof", "_all_time", "_before", "_length", "_proof", "_time")

    def __init__(self) -> None:
        self._time = [0, 0, BLOCK_WEIGHTS.base_block.ref_time]
        self._proof = [0, 0, BLOCK_WEIGHTS.base_block.proof_size]
        self._all_time = sum(self._time)
        self._all_proof = sum(self._proof)
        self._length = 0
        self._before: _Counted | None = None

    def begin(self) -> None:
        """Begin an extrinsic: what `take` counts from here on, `cancel` forgets."""
        self._before = None

    def cancel(self) -> None:
        """Forget what was counted since `begin`."""
        if self._before is None:
            return
        kind, time, proof, self._length = self._before
        self._add(kind, time - self._time[kind], proof - self._proof[kind])
        self._before = None

    def take(self, weight: Weight, length: int, kind: DispatchClass) -> None:
        """Count an extrinsic before it runs; raises `ExhaustsResources` when the block has no room for it."""
        base_time, base_proof, max_time, max_proof, max_length = _LIMITS[kind]
        time, proof = weight.ref_time + base_time, weight.proof_size + base_proof
        used_time, used_proof, used_length = self._time[kind], self._proof[kind], self._length
        length += used_length
        if kind is not _MANDATORY and (
            used_time + time > max_time
            or used_proof + proof > max_proof
            or length > max_length
            or self._all_time + time > _MAX_TIME
            or self._all_proof + proof > _MAX_PROOF
        ):
            raise ExhaustsResources
        self._before = (kind, used_time, used_proof, used_length)
        self._length = length
        self._time[kind] = used_time + time
        self._proof[kind] = used_proof + proof
        self._all_time += time
        self._all_proof += proof

    def give_back(self, weight: Weight, kind: DispatchClass) -> None:
        """Return what an extrinsic did not use."""
        self._add(kind, -weight.ref_time, -weight.proof_size)

    def _add(self, kind: DispatchClass, time: int, proof: int) -> None:
        self._time[kind] += time
        self._proof[kind] += proof
        self._all_time += time
        self._all_proof += proof

    def charge(self, weight: Weight) -> None:
        """Count what a hook used."""
        self._add(_MANDATORY, weight.ref_time, weight.proof_size)

    def left(self) -> Weight:
        """What the block could still hold."""
        return Weight(max(0, _MAX_TIME - self._all_time), max(0, _MAX_PROOF - self._all_proof))

    def used(self) -> ConsumedWeight:
        """What was used, by class."""
        return ConsumedWeight(*map(weight_up_to_max, self._time, self._proof))

    @property
    def length(self) -> int:
        """Bytes of extrinsics so far."""
        return self._length


def check_single(weight: Weight, length: int, dispatch_class: DispatchClass) -> None:
    """Whether an extrinsic could fit into an empty block; raises `ExhaustsResources` if it never will."""
    limits = _CLASSES[dispatch_class]
    most = limits.max_extrinsic
    if most is not None and not (weight + limits.base_extrinsic).fits(most):
        raise ExhaustsResources
    if length > min(BLOCK_BYTES_MAX, _LENGTHS[dispatch_class]):
        raise ExhaustsResources
