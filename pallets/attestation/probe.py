"""The probe: a product of matrices that takes n^3 work to make, and n^2 to check.

**Task.** A seed of 32 bytes expands by SHAKE-256 to two n x n matrices of bytes, A and then B, row by row.
The work is C = A B over the integers, in `rounds` rounds chained by A' = C mod 256; B stays.

**Commitment.** The root of a Merkle tree over the leaves (round, row: input row of A, output row of C), made
before anybody knows what will be asked.

**Challenge.** A later beacon draws a vector r and `count` positions, each a row, without repetition. The
provider opens the leaves of these rows in all rounds.

**Check** (Freivalds, row by row). For an opened row, C_i . r = A_i . (B r) modulo the prime p = 2^31 - 1.
Each entry of C_i must lie in [0, n 255^2]: then a wrong entry differs from the right one by less than p,
and a wrong row passes with a probability of 2^-31 (r is drawn after the commitment). A prover who gets a
share f of the rows wrong passes with (1 - f)^count. One B r serves all rows, and so the cost is n^2 + count
n per round.

**Exact arithmetic.** A sum of n products of an entry of C and a number below p may reach 2^77, and would
wrap around in 64 bits: a hostile row could be made to wrap onto the expected value. So r is split into a
high part of 15 bits and a low part of 16, and each sum is below n (n 255^2) 2^16 < 2^63 for n <= 33,025.
The other sums, of bytes with numbers below p, are below n 255 2^31 < 2^54. All is integers; nothing here is
a float.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import shake_256

import numpy as np
from numpy.typing import NDArray

from runtime.crypto.hashing import blake2b_256

SEED_BYTES = 32
HASH_BYTES = 32
PRIME = 2**31 - 1
SIZE_MAX = 33_025
"""The largest n with n 255^2 < p, which also keeps each 64-bit sum exact."""
ROUNDS_MAX = 64
COUNT_MAX = 1_024
"""The most positions that one challenge asks for."""

_BYTE_MAX = 255
_OUTPUT_BYTES = 4
_LIMB_BITS = 16
_LIMB_MASK = (1 << _LIMB_BITS) - 1
_WORD_BYTES = 8
_LEAF_TAG = b"\x00"
_NODE_TAG = b"\x01"
_UNIT_TAG = b"ballast/probe/unit"
_CHALLENGE_TAG = b"ballast/probe/challenge"

ByteMatrix = NDArray[np.uint8]
IntVector = NDArray[np.int64]


class InvalidTask(ValueError):
    """A probe outside its bounds."""


class InvalidOpening(ValueError):
    """Opened rows that do not prove the work: which row of which round, and why."""

    def __init__(self, round_: int, position: int, why: str) -> None:
        super().__init__(f"round {round_}, row {position}: {why}")
        self.round = round_
        self.position = position
        self.why = why


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be multiplied; raises `InvalidTask` outside the bounds."""

    seed: bytes
    """32 bytes, from `unit_seed`."""
    size: int
    """n, from 1 to `SIZE_MAX`."""
    rounds: int = 1
    """How many products are chained, from 1 to `ROUNDS_MAX`."""

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_BYTES:
            raise InvalidTask(f"the seed of a probe has {SEED_BYTES} bytes, not {len(self.seed)}")
        if not 1 <= self.size <= SIZE_MAX:
            raise InvalidTask(f"the size of a probe is from 1 to {SIZE_MAX}, not {self.size}")
        if not 1 <= self.rounds <= ROUNDS_MAX:
            raise InvalidTask(f"a probe has from 1 to {ROUNDS_MAX} rounds, not {self.rounds}")

    @property
    def work(self) -> int:
        """The multiply-adds of bytes that the task takes: rounds n^3."""
        return self.rounds * self.size**3

    @property
    def output_max(self) -> int:
        """The largest entry that a product can have: n 255^2."""
        return self.size * _BYTE_MAX**2

    @property
    def depth(self) -> int:
        """How many hashes a path has: the leaves are padded with zero hashes to a power of two."""
        return (self.rounds * self.size - 1).bit_length()


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the beacon asks of one unit."""

    positions: tuple[int, ...]
    """Distinct rows, in the order in which they are to be opened."""
    vector: IntVector
    """r: n numbers below p."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A leaf of the commitment with its path to the root."""

    round: int
    position: int
    inputs: bytes
    """Row `position` of A in this round: n bytes."""
    outputs: bytes
    """The same row of C: n numbers of 4 bytes, little-endian."""
    path: tuple[bytes, ...]
    """The siblings from the leaf upwards, 32 bytes each."""


def unit_seed(beacon: bytes, provider: bytes, unit: int) -> bytes:
    """The seed of one unit's probe: no two units share one, so one machine can answer for one unit only."""
    return blake2b_256(_UNIT_TAG + beacon + provider + unit.to_bytes(4, "little"))


def expand(task: Task) -> tuple[ByteMatrix, ByteMatrix]:
    """The matrices A and B of a task, n x n bytes each, read-only."""
    area = task.size * task.size
    stream = np.frombuffer(shake_256(task.seed).digest(2 * area), dtype=np.uint8)
    shape = (task.size, task.size)
    return stream[:area].reshape(shape), stream[area:].reshape(shape)


def draw(task: Task, beacon: bytes, count: int) -> Challenge:
    """The challenge that `beacon` makes of a task: min(count, n) distinct rows, and r.

    The rows are the beginning of a Fisher-Yates shuffle driven by 64-bit words; the bias is below 2^-48.
    Raises `InvalidTask` for a count outside [1, COUNT_MAX].
    """
    if not 1 <= count <= COUNT_MAX:
        raise InvalidTask(f"a challenge asks for 1 to {COUNT_MAX} rows, not {count}")
    count = min(count, task.size)
    split = count * _WORD_BYTES
    stream = shake_256(_CHALLENGE_TAG + beacon + task.seed).digest(split + 4 * task.size)
    positions: list[int] = []
    moved: dict[int, int] = {}
    for place in range(count):
        word = int.from_bytes(stream[place * _WORD_BYTES : (place + 1) * _WORD_BYTES], "little")
        pick = place + word % (task.size - place)
        positions.append(moved.get(pick, pick))
        moved[pick] = moved.get(place, place)
    words = np.frombuffer(stream, dtype="<u4", offset=split).astype(np.int64)
    return Challenge(tuple(positions), (words & PRIME) % PRIME)


def leaf_hash(round_: int, position: int, inputs: bytes, outputs: bytes) -> bytes:
    """The hash of one leaf; all its parts have a fixed length for a given task."""
    head = _LEAF_TAG + round_.to_bytes(4, "little") + position.to_bytes(4, "little")
    return blake2b_256(head + inputs + outputs)


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node of the tree."""
    return blake2b_256(_NODE_TAG + left + right)


def check(task: Task, root: bytes, beacon: bytes, count: int, openings: Sequence[Opening]) -> None:
    """Accept the openings that a challenge asks for, or raise `InvalidOpening` at one that is wrong.

    `openings` holds, for each drawn position in the drawn order, the leaves of all rounds in order.
    """
    check_rows(task, root, draw(task, beacon, count), openings)


def check_rows(task: Task, root: bytes, challenge: Challenge, openings: Sequence[Opening]) -> None:
    """The same for a challenge at hand. What is cheap comes first: nothing is expanded for leaves that the
    root does not commit to.
    """
    wanted = [(round_, position) for position in challenge.positions for round_ in range(task.rounds)]
    if len(openings) != len(wanted):
        round_, position = wanted[min(len(openings), len(wanted) - 1)]
        raise InvalidOpening(
            round_, position, f"{len(openings)} leaves are opened, and {len(wanted)} are asked for"
        )
    for opening, (round_, position) in zip(openings, wanted, strict=True):
        if (opening.round, opening.position) != (round_, position):
            why = f"round {opening.round}, row {opening.position} is opened in its place"
            raise InvalidOpening(round_, position, why)
        check_leaf(task, root, opening)
    first, second = expand(task)
    image = image_of(second, challenge.vector)
    inputs: ByteMatrix = first
    for opening in openings:
        if opening.round == 0:
            inputs = first[opening.position]
        inputs = _check_row(task, challenge, image, inputs, opening)


def _check_row(
    task: Task, challenge: Challenge, image: IntVector, inputs: ByteMatrix, opening: Opening
) -> ByteMatrix:
    """What the next round has to begin with. Raises `InvalidOpening`."""
    round_, position = opening.round, opening.position
    if opening.inputs != inputs.tobytes():
        raise InvalidOpening(round_, position, "the input row is not the one that the task gives")
    outputs = _numbers(opening.outputs)
    if int(outputs.max()) > task.output_max:
        why = f"an output of {int(outputs.max())} is above {task.output_max}, the largest possible"
        raise InvalidOpening(round_, position, why)
    if dot(outputs, challenge.vector) != dot(inputs.astype(np.int64), image):
        raise InvalidOpening(round_, position, "the output row is not the product")
    return (outputs % 256).astype(np.uint8)


def check_leaf(task: Task, root: bytes, opening: Opening) -> None:
    """Accept a leaf that lies under `root` at its place, or raise `InvalidOpening`; says nothing of its
    product.
    """
    round_, position = opening.round, opening.position
    if not (0 <= round_ < task.rounds and 0 <= position < task.size):
        raise InvalidOpening(round_, position, f"the task has {task.rounds} rounds of {task.size} rows")
    if len(opening.inputs) != task.size or len(opening.outputs) != _OUTPUT_BYTES * task.size:
        why = f"a leaf holds {task.size} bytes of inputs and {_OUTPUT_BYTES * task.size} of outputs"
        raise InvalidOpening(round_, position, why)
    if len(opening.path) != task.depth or any(len(sibling) != HASH_BYTES for sibling in opening.path):
        why = f"a path has {task.depth} hashes of {HASH_BYTES} bytes"
        raise InvalidOpening(round_, position, why)
    node = leaf_hash(round_, position, opening.inputs, opening.outputs)
    index = round_ * task.size + position
    for sibling in opening.path:
        node = node_hash(sibling, node) if index & 1 else node_hash(node, sibling)
        index >>= 1
    if node != root:
        raise InvalidOpening(round_, position, "the path does not lead to the committed root")


def is_fraud(task: Task, root: bytes, opening: Opening, previous: Opening | None = None) -> bool:
    """Whether a committed leaf proves that its provider cheated; exact, without a challenge.

    A leaf is false if its output row is not the product of its input row and B, or if its input row is not
    the task's: row `position` of A in round 0, and later the outputs of `previous`, the leaf of the same
    row one round before (both must lie under `root`). Raises `InvalidOpening` for leaves that the root does
    not commit to.
    """
    check_leaf(task, root, opening)
    first, second = expand(task)
    inputs = np.frombuffer(opening.inputs, dtype=np.uint8)
    outputs = _numbers(opening.outputs)
    if not np.array_equal(np.einsum("i,ij->j", inputs, second, dtype=np.int64), outputs):
        return True
    if opening.round == 0:
        row: ByteMatrix = first[opening.position]
        return opening.inputs != row.tobytes()
    if previous is None:
        return False
    check_leaf(task, root, previous)
    if (previous.round, previous.position) != (opening.round - 1, opening.position):
        raise InvalidOpening(
            previous.round, previous.position, "it is not the leaf before the one in question"
        )
    return opening.inputs != (_numbers(previous.outputs) % 256).astype(np.uint8).tobytes()


def image_of(matrix: ByteMatrix, vector: IntVector) -> IntVector:
    """B r modulo p, each entry in [0, p), for numbers of r in [0, p)."""
    sums: IntVector = np.einsum("ij,j->i", matrix, vector, dtype=np.int64)
    return sums % PRIME


def dot(row: IntVector, vector: IntVector) -> int:
    """The exact inner product modulo p of a row in [0, n 255^2] and a vector in [0, p), in two limbs."""
    low = int(row @ (vector & _LIMB_MASK))
    high = int(row @ (vector >> _LIMB_BITS))
    return ((high << _LIMB_BITS) + low) % PRIME


def _numbers(outputs: bytes) -> IntVector:
    """The entries of a row of C."""
    return np.frombuffer(outputs, dtype="<u4").astype(np.int64)
