"""An honest probe is accepted, and every way of not having done the work that we can think of is refused."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.provider.challenge import Work, multiply
from pallets.attestation import probe
from pallets.attestation.probe import InvalidOpening, InvalidTask, Opening, Task

BEACON = b"the beacon of the block after the commitment"
SEED = probe.unit_seed(b"beacon", b"provider", 0)
TASK = Task(SEED, size=24, rounds=2)
WORK = Work(TASK)
COUNT = 5
HONEST = WORK.answer(BEACON, COUNT)

tasks = st.builds(Task, st.binary(min_size=32, max_size=32), st.integers(1, 20), st.integers(1, 4))


@settings(max_examples=60)
@given(task=tasks, beacon=st.binary(max_size=40), count=st.integers(1, 24))
def test_honest_work_is_accepted(task: Task, beacon: bytes, count: int) -> None:
    work = Work(task)
    openings = work.answer(beacon, count)
    probe.check(task, work.root, beacon, count, openings)
    assert not any(probe.is_fraud(task, work.root, opening) for opening in openings)


@given(task=tasks, beacon=st.binary(max_size=40), count=st.integers(1, 24))
def test_a_challenge_draws_distinct_rows_and_a_vector_below_p(task: Task, beacon: bytes, count: int) -> None:
    challenge = probe.draw(task, beacon, count)
    assert len(set(challenge.positions)) == len(challenge.positions) == min(count, task.size)
    assert all(0 <= position < task.size for position in challenge.positions)
    assert challenge.vector.shape == (task.size,)
    assert 0 <= int(challenge.vector.min()) <= int(challenge.vector.max()) < probe.PRIME


def test_all_rows_are_drawn_alike() -> None:
    """Each of 24 rows comes up in 5 of 24 challenges: 1,000 draws give 208 on average, deviation 13."""
    drawn = [0] * TASK.size
    for number in range(1_000):
        for position in probe.draw(TASK, number.to_bytes(4, "little"), COUNT).positions:
            drawn[position] += 1
    assert 140 < min(drawn) <= max(drawn) < 280


def test_beacon_and_unit_change_the_challenge() -> None:
    other = Task(probe.unit_seed(b"beacon", b"provider", 1), size=24, rounds=2)
    drawn = {probe.draw(task, beacon, 24).positions for task in (TASK, other) for beacon in (BEACON, b"")}
    assert len(drawn) == 4


def test_the_bytes_of_a_probe_are_pinned() -> None:
    """Whatever moves these values breaks the consensus of a running chain."""
    assert SEED.hex() == "4f8190b4514167227f99180523fd895c83b81a68a9f495fb40f43c390eb817c1"
    assert WORK.root.hex() == "16f8eae91eba3ad0d59e973784b3d49905daf5622355a20f56c687dbed9c57bf"
    assert probe.draw(TASK, BEACON, COUNT).positions == (10, 0, 20, 22, 1)
    assert probe.draw(TASK, BEACON, COUNT).vector[:3].tolist() == [717944398, 22195024, 1283229609]


@given(st.integers(1, 24), st.data())
def test_the_float_product_is_exact(size: int, data: st.DataObject) -> None:
    area = size * size
    raw = data.draw(st.binary(min_size=2 * area, max_size=2 * area))
    left, right = np.frombuffer(raw, dtype=np.uint8).reshape(2, size, size)
    exact = left.astype(np.int64) @ right.astype(np.int64)
    assert np.array_equal(multiply(left, right), exact)


def row(opening: Opening) -> np.ndarray:
    return np.frombuffer(opening.outputs, dtype="<u4").astype(np.int64)


def with_row(opening: Opening, outputs: np.ndarray) -> Opening:
    return replace(opening, outputs=outputs.astype("<u4").tobytes())


def refusal(openings: tuple[Opening, ...], root: bytes = WORK.root, task: Task = TASK) -> str:
    with pytest.raises(InvalidOpening) as refused:
        probe.check(task, root, BEACON, COUNT, openings)
    return str(refused.value)


def name(opening: Opening) -> str:
    return f"round {opening.round}, row {opening.position}"


class Cheat(Work):
    """Commits to whatever `spoil` makes of the right rows, then answers honestly about what it committed
    to.
    """

    def __init__(self, task: Task, spoil: Callable[["Cheat"], None]) -> None:
        super().__init__(task)
        self.outputs = [matrix.copy() for matrix in self._outputs]
        self.inputs = [matrix.copy() for matrix in self._inputs]
        spoil(self)
        self._outputs, self._inputs = self.outputs, self.inputs
        leaves = [
            probe.leaf_hash(
                round_, place, self.inputs[round_][place].tobytes(), self.outputs[round_][place].tobytes()
            )
            for round_ in range(task.rounds)
            for place in range(task.size)
        ]
        self._levels = recommit(leaves, task.depth)


def recommit(leaves: list[bytes], depth: int) -> list[list[bytes]]:
    levels = [leaves + [bytes(32)] * ((1 << depth) - len(leaves))]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([probe.node_hash(a, b) for a, b in zip(below[::2], below[1::2], strict=True)])
    return levels


FIRST = HONEST[0]


@settings(max_examples=60)
@given(st.integers(0, TASK.size - 1), st.integers(1, TASK.output_max))
def test_one_wrong_entry_in_a_committed_row_is_refused(column: int, change: int) -> None:
    """The change stays within the range and is below p, so it cannot vanish modulo p."""

    def spoil(cheat: Cheat) -> None:
        entry = int(cheat.outputs[0][FIRST.position, column])
        cheat.outputs[0][FIRST.position, column] = (entry + change) % (TASK.output_max + 1)

    cheat = Cheat(TASK, spoil)
    (false, *_) = openings = cheat.answer(BEACON, COUNT)
    if row(false)[column] != row(FIRST)[column]:
        assert refusal(openings, cheat.root) == f"{name(FIRST)}: the output row is not the product"
        assert probe.is_fraud(TASK, cheat.root, false)


def test_an_entry_that_equals_the_right_one_modulo_p_is_refused() -> None:
    """The entry plus p has the right residue: the range check is what refuses it."""

    def spoil(cheat: Cheat) -> None:
        cheat.outputs[0][FIRST.position, 3] += probe.PRIME

    cheat = Cheat(TASK, spoil)
    openings = cheat.answer(BEACON, COUNT)
    entry = int(row(FIRST)[3]) + probe.PRIME
    wanted = f"{name(FIRST)}: an output of {entry} is above 1560600, the largest possible"
    assert refusal(openings, cheat.root) == wanted
    assert probe.is_fraud(TASK, cheat.root, openings[0])


def test_another_round_one_input_is_refused() -> None:
    """The second round must start from the first one's outputs, even if its own product is right."""
    factor = probe.expand(TASK)[1]

    def spoil(cheat: Cheat) -> None:
        cheat.inputs[1][FIRST.position] = 0
        cheat.outputs[1] = multiply(cheat.inputs[1], factor)

    cheat = Cheat(TASK, spoil)
    openings = cheat.answer(BEACON, COUNT)
    wanted = f"round 1, row {FIRST.position}: the input row is not the one that the task gives"
    assert refusal(openings, cheat.root) == wanted
    assert not probe.is_fraud(TASK, cheat.root, openings[1])
    assert probe.is_fraud(TASK, cheat.root, openings[1], previous=openings[0])
    assert not probe.is_fraud(TASK, cheat.root, openings[3], previous=openings[2])


def test_another_units_rows_are_refused() -> None:
    """One machine cannot answer for two units: the seed gives other matrices, and the positions differ
    too.
    """
    other = Work(Task(probe.unit_seed(b"beacon", b"provider", 1), size=24, rounds=2))
    openings = other.open(probe.draw(TASK, BEACON, COUNT).positions)
    assert refusal(openings, other.root) == f"{name(FIRST)}: the input row is not the one that the task gives"
    assert probe.is_fraud(TASK, other.root, openings[0])


def test_rows_that_were_not_committed_are_refused() -> None:
    for index in range(len(HONEST)):
        opening = HONEST[index]
        bad = with_row(opening, row(opening) ^ 1)
        openings = (*HONEST[:index], bad, *HONEST[index + 1 :])
        assert refusal(openings) == f"{name(opening)}: the path does not lead to the committed root"


@given(st.integers(0, TASK.depth - 1), st.integers(0, 255))
def test_a_wrong_path_is_refused(height: int, bit: int) -> None:
    path = list(FIRST.path)
    sibling = bytearray(path[height])
    sibling[bit // 8] ^= 1 << bit % 8
    path[height] = bytes(sibling)
    bad = replace(FIRST, path=tuple(path))
    assert refusal((bad, *HONEST[1:])) == f"{name(FIRST)}: the path does not lead to the committed root"


@pytest.mark.parametrize("length", [0, TASK.depth - 1, TASK.depth + 1])
def test_a_path_of_another_length_is_refused(length: int) -> None:
    bad = replace(FIRST, path=(*FIRST.path, bytes(32))[:length])
    assert refusal((bad, *HONEST[1:])) == f"{name(FIRST)}: a path has 6 hashes of 32 bytes"


def test_an_inner_node_cannot_pass_for_a_leaf() -> None:
    """A path cut short at a node hash has the wrong length, and a sibling of another length is no hash."""
    bad = replace(FIRST, path=(*FIRST.path[:-1], b"short"))
    assert refusal((bad, *HONEST[1:])) == f"{name(FIRST)}: a path has 6 hashes of 32 bytes"


@pytest.mark.parametrize("changes", [{"inputs": bytes(23)}, {"outputs": bytes(95)}, {"outputs": bytes(100)}])
def test_a_leaf_of_another_size_is_refused(changes: dict[str, bytes]) -> None:
    bad = replace(FIRST, **changes)
    wanted = f"{name(FIRST)}: a leaf holds 24 bytes of inputs and 96 of outputs"
    assert refusal((bad, *HONEST[1:])) == wanted


def test_rows_that_were_not_asked_for_are_refused() -> None:
    free = next(place for place in range(TASK.size) if all(place != opening.position for opening in HONEST))
    openings = WORK.open([free, *[opening.position for opening in HONEST[2::2]]])
    assert refusal(openings) == f"{name(FIRST)}: round 0, row {free} is opened in its place"


def test_the_same_row_twice_is_refused() -> None:
    openings = (*HONEST[:2], *HONEST[:2], *HONEST[4:])
    wanted = f"{name(HONEST[2])}: {name(FIRST)} is opened in its place"
    assert refusal(openings) == wanted


def test_too_few_and_too_many_openings_are_refused() -> None:
    wanted = f"{name(HONEST[9])}: 9 leaves are opened, and 10 are asked for"
    assert refusal(HONEST[:9]) == wanted
    assert refusal((*HONEST, HONEST[0])) == wanted.replace("9 leaves", "11 leaves")
    assert refusal(()) == f"{name(FIRST)}: 0 leaves are opened, and 10 are asked for"


@pytest.mark.parametrize(("round_", "position"), [(2, 0), (0, 24), (-1, 0), (0, -1)])
def test_a_leaf_outside_the_task_is_refused(round_: int, position: int) -> None:
    bad = replace(FIRST, round=round_, position=position)
    with pytest.raises(InvalidOpening) as refused:
        probe.check_leaf(TASK, WORK.root, bad)
    assert str(refused.value) == f"round {round_}, row {position}: the task has 2 rounds of 24 rows"


def test_a_row_that_wraps_around_in_64_bits_is_refused() -> None:
    """Without limbs, sums modulo 2^64 accept a false row; this is one, built from a known r to show it.

    All entries but two are at their maximum, so the 64-bit sum overflows; the two others (with r = 1 and
    2^16) steer the wrapped sum onto the residue of the true row.
    """
    task = Task(SEED, size=512)
    matrix_a, matrix_b = probe.expand(task)
    vector = np.full(task.size, probe.PRIME - 1, dtype=np.int64)
    vector[0], vector[1] = 1, 1 << 16
    image = probe.image_of(matrix_b, vector)
    expected = probe.dot(matrix_a[0].astype(np.int64), image)

    def wrapped(outputs: np.ndarray) -> int:
        return int(outputs @ vector) % probe.PRIME

    hostile = np.full(task.size, task.output_max, dtype=np.int64)
    hostile[0] = hostile[1] = 0
    with np.errstate(over="ignore"):
        gap = (expected - wrapped(hostile)) % probe.PRIME
        hostile[0], hostile[1] = gap & 0xFFFF, gap >> 16
        assert wrapped(hostile) == expected
    assert int(hostile.max()) <= task.output_max
    true = matrix_a[0].astype(np.int64) @ matrix_b.astype(np.int64)
    assert not np.array_equal(hostile, true)
    assert probe.dot(true, vector) == expected
    assert probe.dot(hostile, vector) != expected


@given(st.integers(0, 2**32), st.sampled_from([1, 7, 512, probe.SIZE_MAX]))
def test_inner_products_are_exact_to_the_bounds(seed: int, size: int) -> None:
    """Against Python's integers, with entries and r at and near their maxima."""
    random = np.random.default_rng(seed)
    output_max = size * 255**2
    outputs = output_max - random.integers(0, 3, size)
    vector = probe.PRIME - 1 - random.integers(0, 2, size)
    exact = sum(a * b for a, b in zip(outputs.tolist(), vector.tolist(), strict=True))
    assert probe.dot(outputs, vector) == exact % probe.PRIME


def test_the_size_bound_is_the_largest_that_keeps_entries_below_p() -> None:
    assert probe.SIZE_MAX * 255**2 < probe.PRIME < (probe.SIZE_MAX + 1) * 255**2
    assert probe.SIZE_MAX * (probe.SIZE_MAX * 255**2) * 0xFFFF < 2**63


def test_images_are_exact_at_the_maxima() -> None:
    matrix = np.full((2, 3000), 255, dtype=np.uint8)
    vector = np.full(3000, probe.PRIME - 1, dtype=np.int64)
    assert probe.image_of(matrix, vector).tolist() == [3000 * 255 * (probe.PRIME - 1) % probe.PRIME] * 2


def test_fraud_proofs_need_committed_leaves_in_sequence() -> None:
    with pytest.raises(InvalidOpening) as refused:
        probe.is_fraud(TASK, bytes(32), FIRST)
    assert str(refused.value) == f"{name(FIRST)}: the path does not lead to the committed root"
    with pytest.raises(InvalidOpening) as refused:
        probe.is_fraud(TASK, WORK.root, HONEST[1], previous=HONEST[2])
    assert str(refused.value) == f"{name(HONEST[2])}: it is not the leaf before the one in question"


@pytest.mark.parametrize(
    ("seed", "size", "rounds", "message"),
    [
        (bytes(31), 1, 1, "the seed of a probe has 32 bytes, not 31"),
        (SEED, 0, 1, "the size of a probe is from 1 to 33025, not 0"),
        (SEED, 33_026, 1, "the size of a probe is from 1 to 33025, not 33026"),
        (SEED, 1, 0, "a probe has from 1 to 64 rounds, not 0"),
        (SEED, 1, 65, "a probe has from 1 to 64 rounds, not 65"),
    ],
)
def test_tasks_outside_their_bounds_are_refused(seed: bytes, size: int, rounds: int, message: str) -> None:
    with pytest.raises(InvalidTask) as refused:
        Task(seed, size, rounds)
    assert str(refused.value) == message


@pytest.mark.parametrize("count", [0, 1_025])
def test_a_challenge_has_a_bounded_number_of_rows(count: int) -> None:
    with pytest.raises(InvalidTask) as refused:
        probe.draw(TASK, BEACON, count)
    assert str(refused.value) == f"a challenge asks for 1 to 1024 rows, not {count}"


def test_work_is_counted_in_multiply_adds() -> None:
    assert TASK.work == 2 * 24**3


def test_a_forged_fifth_of_the_rows_is_caught_as_often_as_promised() -> None:
    """(1 - f)^q: with 4 of 20 rows false and 5 opened, 28 % pass (without repetition), so 72 % are caught."""
    task = Task(SEED, size=20)

    def spoil(cheat: Cheat) -> None:
        cheat.outputs[0][:4, 0] ^= 1

    cheat = Cheat(task, spoil)
    caught = 0
    for number in range(300):
        beacon = number.to_bytes(4, "little")
        try:
            probe.check(task, cheat.root, beacon, 5, cheat.answer(beacon, 5))
        except InvalidOpening:
            caught += 1
    assert 180 < caught < 250
