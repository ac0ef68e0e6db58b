"""Answering a probe: multiply, commit, and open what the beacon asks for.

The product runs on the float64 BLAS of the machine. That is exact: each entry of C is a sum of integers
that stays below 2^31, and float64 holds all integers up to 2^53, in whatever order they are added.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pallets.attestation.probe import (
    HASH_BYTES,
    ByteMatrix,
    Opening,
    Task,
    draw,
    expand,
    leaf_hash,
    node_hash,
)

OutputMatrix = NDArray[np.uint32]


def multiply(left: ByteMatrix, right: ByteMatrix) -> OutputMatrix:
    """The exact product of two matrices of bytes."""
    return (left.astype(np.float64) @ right.astype(np.float64)).astype("<u4")


class Work:
    """A finished probe: all rows of all rounds, and the tree over them, kept until the window's end."""

    def __init__(self, task: Task) -> None:
        inputs, factor = expand(task)
        self.task = task
        self._inputs: list[ByteMatrix] = []
        self._outputs: list[OutputMatrix] = []
        for _ in range(task.rounds):
            outputs = multiply(inputs, factor)
            self._inputs.append(inputs)
            self._outputs.append(outputs)
            inputs = (outputs % 256).astype(np.uint8)
        self._levels = _tree(list(self._leaves()), task.depth)

    @property
    def root(self) -> bytes:
        """The commitment: 32 bytes."""
        return self._levels[-1][0]

    def answer(self, beacon: bytes, count: int) -> tuple[Opening, ...]:
        """The openings that the beacon asks for, in the order in which they are checked."""
        return self.open(draw(self.task, beacon, count).positions)

    def open(self, positions: Sequence[int]) -> tuple[Opening, ...]:
        """The leaves of all rounds of these rows."""
        rounds = range(self.task.rounds)
        return tuple(self._open(round_, position) for position in positions for round_ in rounds)

    def _open(self, round_: int, position: int) -> Opening:
        index = round_ * self.task.size + position
        path = tuple(level[index >> height ^ 1] for height, level in enumerate(self._levels[:-1]))
        inputs, outputs = self._inputs[round_][position], self._outputs[round_][position]
        return Opening(round_, position, inputs.tobytes(), outputs.tobytes(), path)

    def _leaves(self) -> Iterator[bytes]:
        for round_, (inputs, outputs) in enumerate(zip(self._inputs, self._outputs, strict=True)):
            for position in range(self.task.size):
                yield leaf_hash(round_, position, inputs[position].tobytes(), outputs[position].tobytes())


def _tree(leaves: list[bytes], depth: int) -> list[list[bytes]]:
    """All levels, the leaves first, padded with zero hashes to a power of two."""
    level = leaves + [bytes(HASH_BYTES)] * ((1 << depth) - len(leaves))
    levels = [level]
    while len(level) > 1:
        level = [node_hash(level[index], level[index + 1]) for index in range(0, len(level), 2)]
        levels.append(level)
    return levels
