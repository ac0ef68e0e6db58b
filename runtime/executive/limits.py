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


class _Room:
    """What one class of calls has used, and may use."""

    __slots__ = ("base_proof", "base_time", "max_length", "max_proof", "max_time", "proof", "time")

    def __init__(self, kind: DispatchClass) -> None:
        limits = _CLASSES[kind]
        most = limits.max_total or BLOCK_WEIGHTS.max_block
        self.base_time, self.base_proof = limits.base_extrinsic.ref_time, limits.base_extrinsic.proof_size
        self.max_time, self.max_proof, self.max_length = most.ref_time, most.proof_size, _LENGTHS[kind]
        self.time = self.proof = 0


_Counted = tuple[_Room, int, int, int]
"""A class of calls, and the time, proof and length that were counted before one was taken."""


class BlockMeter:
    """Counts what a block uses; mandatory calls are counted and never refused."""

    __slots__ = ("_all_proof", "_all_time", "_before", "_length", "_rooms", "taken")

    def __init__(self) -> None:
        self._rooms = tuple(map(_Room, DispatchClass))
        self._all_time = self._all_proof = self._length = 0
        self._before: _Counted | None = None
        self.taken = 0
        """How many extrinsics were counted."""
        self.charge(BLOCK_WEIGHTS.base_block)

    def cancel(self, taken: int) -> None:
        """Forget the extrinsic that was counted since `taken` were, if one was."""
        if self.taken == taken or self._before is None:
            return
        room, time, proof, self._length = self._before
        self._add(room, time - room.time, proof - room.proof)
        self.taken = taken

    def take(self, weight: Weight, length: int, kind: DispatchClass) -> None:
        """Count an extrinsic before it runs; raises `ExhaustsResources` when the block has no room for it."""
        room = self._rooms[kind]
        time, proof = weight.ref_time + room.base_time, weight.proof_size + room.base_proof
        class_time, class_proof, before = room.time + time, room.proof + proof, self._length
        all_time, all_proof, length = self._all_time + time, self._all_proof + proof, length + before
        if kind is not _MANDATORY and (
            class_time > room.max_time
            or class_proof > room.max_proof
            or length > room.max_length
            or all_time > _MAX_TIME
            or all_proof > _MAX_PROOF
        ):
            raise ExhaustsResources
        self._before = room, room.time, room.proof, before
        self.taken += 1
        self._length, room.time, room.proof = length, class_time, class_proof
        self._all_time, self._all_proof = all_time, all_proof

    def give_back(self, weight: Weight, kind: DispatchClass) -> None:
        """Return what an extrinsic did not use."""
        self._add(self._rooms[kind], -weight.ref_time, -weight.proof_size)

    def _add(self, room: _Room, time: int, proof: int) -> None:
        room.time += time
        room.proof += proof
        self._all_time += time
        self._all_proof += proof

    def charge(self, weight: Weight) -> None:
        """Count what a hook used."""
        self._add(self._rooms[_MANDATORY], weight.ref_time, weight.proof_size)

    def left(self) -> Weight:
        """What the block could still hold."""
        return Weight(max(0, _MAX_TIME - self._all_time), max(0, _MAX_PROOF - self._all_proof))

    def used(self) -> ConsumedWeight:
        """What was used, by class."""
        return ConsumedWeight(*(weight_up_to_max(room.time, room.proof) for room in self._rooms))

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
