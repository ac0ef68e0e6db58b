"""The meter of a block: what its extrinsics have used by class, in both dimensions of weight and in bytes."""

from __future__ import annotations

from runtime.frame.validity import ExhaustsResources
from runtime.types.limits import BLOCK_BYTES_MAX, BLOCK_LENGTH, BLOCK_WEIGHTS, ConsumedWeight, classes
from runtime.types.weight import DispatchClass, Weight

_CLASSES = classes(BLOCK_WEIGHTS)
_LENGTHS = (BLOCK_LENGTH.max.normal, BLOCK_LENGTH.max.operational, BLOCK_LENGTH.max.mandatory)
_MAX_TIME = BLOCK_WEIGHTS.max_block.ref_time
_MAX_PROOF = BLOCK_WEIGHTS.max_block.proof_size
_MANDATORY = DispatchClass.Mandatory.value
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
Snapshot = tuple[list[int], list[int], int]


class BlockMeter:
    """Counts what a block uses; mandatory calls are counted and never refused."""

    __slots__ = ("_length", "_proof", "_time")

    def __init__(self) -> None:
        self._time = [0, 0, BLOCK_WEIGHTS.base_block.ref_time]
        self._proof = [0, 0, BLOCK_WEIGHTS.base_block.proof_size]
        self._length = 0

    def snapshot(self) -> Snapshot:
        """What was counted so far, to return to."""
        return self._time.copy(), self._proof.copy(), self._length

    def restore(self, before: Snapshot) -> None:
        """Forget what was counted since."""
        self._time, self._proof, self._length = before

    def take(self, weight: Weight, length: int, dispatch_class: DispatchClass) -> None:
        """Count an extrinsic before it runs; raises `ExhaustsResources` when the block has no room for it."""
        kind = dispatch_class.value
        base_time, base_proof, max_time, max_proof, max_length = _LIMITS[kind]
        times, proofs = self._time, self._proof
        time = times[kind] + weight.ref_time + base_time
        proof = proofs[kind] + weight.proof_size + base_proof
        length += self._length
        if kind != _MANDATORY and (
            time > max_time
            or proof > max_proof
            or length > max_length
            or sum(times) - times[kind] + time > _MAX_TIME
            or sum(proofs) - proofs[kind] + proof > _MAX_PROOF
        ):
            raise ExhaustsResources
        times[kind], proofs[kind], self._length = time, proof, length

    def give_back(self, weight: Weight, dispatch_class: DispatchClass) -> None:
        """Return what an extrinsic did not use."""
        kind = dispatch_class.value
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
