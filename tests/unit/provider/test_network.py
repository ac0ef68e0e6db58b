"""The network computes what exact integers compute, at its bounds too, and learns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.provider.jobs import network
from node.provider.jobs.network import (
    BATCH_MAX,
    ERROR_MAX,
    HIDDEN_MAX,
    ONE,
    VELOCITY_MAX,
    WEIGHT_MAX,
    InvalidState,
    Network,
    Training,
)

HIDDEN = 3
SHAPES = ((64, HIDDEN), (HIDDEN,), (HIDDEN, 10), (10,))


def exact_rescale(number: int, bits: int) -> int:
    return (number + 2 ** (bits - 1)) // 2**bits


def clip(number: int, bound: int) -> int:
    return max(-bound, min(bound, number))


def exact_step(
    training: Training, images: np.ndarray, labels: np.ndarray, rate: int, momentum: int
) -> list[list[int]]:
    """One step written out in Python's unbounded integers, from the module's description alone."""
    w1, b1, w2, b2 = (part.tolist() for part in training.network.parameters)
    grads = [[0] * (64 * HIDDEN), [0] * HIDDEN, [0] * (HIDDEN * 10), [0] * 10]
    for pixels, label in zip(images.tolist(), labels.tolist(), strict=True):
        x = [pixel * ONE // 16 for pixel in pixels]
        z = [exact_rescale(sum(x[i] * w1[i][j] for i in range(64)), 16) + b1[j] for j in range(HIDDEN)]
        h = [max(0, value) for value in z]
        scores = [exact_rescale(sum(h[j] * w2[j][k] for j in range(HIDDEN)), 16) + b2[k] for k in range(10)]
        e = [clip(scores[k] - (ONE if k == label else 0), ERROR_MAX) for k in range(10)]
        back = [
            exact_rescale(sum(e[k] * w2[j][k] for k in range(10)), 16) if z[j] > 0 else 0
            for j in range(HIDDEN)
        ]
        for j in range(HIDDEN):
            grads[1][j] += back[j]
            for i in range(64):
                grads[0][i * HIDDEN + j] += x[i] * back[j]
            for k in range(10):
                grads[2][j * 10 + k] += h[j] * e[k]
        for k in range(10):
            grads[3][k] += e[k]
    grads[0] = [exact_rescale(total, 16) for total in grads[0]]
    grads[2] = [exact_rescale(total, 16) for total in grads[2]]
    moved = []
    velocities = []
    for part, velocity, gradient in zip(training.network.parameters, training.velocities, grads, strict=True):
        speed = [
            clip(v + g - exact_rescale(v, momentum), VELOCITY_MAX)
            for v, g in zip(velocity.ravel().tolist(), gradient, strict=True)
        ]
        velocities.append(speed)
        moved.append(
            [
                clip(w - exact_rescale(v, rate), WEIGHT_MAX)
                for w, v in zip(part.ravel().tolist(), speed, strict=True)
            ]
        )
    return moved + velocities


def random_training(seed: int, extreme: bool) -> Training:
    """Parameters and velocities anywhere in their bounds, or all at the bounds."""
    random = np.random.default_rng(seed)

    def draw(shape: tuple[int, ...], bound: int) -> np.ndarray:
        return random.choice([-bound, bound], shape) if extreme else random.integers(-bound, bound + 1, shape)

    parameters = tuple(draw(shape, WEIGHT_MAX) for shape in SHAPES)
    velocities = tuple(draw(shape, VELOCITY_MAX) for shape in SHAPES)
    return Training(Network(parameters), velocities)  # type: ignore[arg-type]


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    extreme=st.booleans(),
    samples=st.integers(1, 4),
    rate=st.integers(4, 24),
    momentum=st.integers(1, 8),
)
def test_a_step_is_exactly_what_unbounded_integers_give(
    seed: int, extreme: bool, samples: int, rate: int, momentum: int
) -> None:
    """So no sum overflows, rounding is the named one, and the order of sums is of no consequence."""
    random = np.random.default_rng(seed)
    training = random_training(seed, extreme)
    images = np.full((samples, 64), 16) if extreme else random.integers(0, 17, (samples, 64))
    labels = random.integers(0, 10, samples)
    after = network.step(training, images, labels, rate, momentum)
    given_parts = [part.ravel().tolist() for part in (*after.network.parameters, *after.velocities)]
    assert given_parts == exact_step(training, images, labels, rate, momentum)


def test_the_largest_sums_fit_in_64_bits() -> None:
    """All bounds at once: the largest network, batch, weights, pixels and errors; a wrapped sum would be
    negative.
    """
    shapes = ((64, HIDDEN_MAX), (HIDDEN_MAX,), (HIDDEN_MAX, 10), (10,))
    parameters = tuple(np.full(shape, WEIGHT_MAX) for shape in shapes)
    big = Network(parameters)  # type: ignore[arg-type]
    images, labels = np.full((BATCH_MAX, 64), 16), np.zeros(BATCH_MAX, dtype=np.int64)
    hidden = 64 * 8 + 8
    assert big.scores(images).tolist() == [[(HIDDEN_MAX * hidden * 8 + 8) * ONE] * 10] * BATCH_MAX
    after = network.step(network.at_rest(big), images, labels, 4, 1)
    bias = BATCH_MAX * 2 * ONE
    assert [int(part.min()) for part in after.velocities] == [VELOCITY_MAX, VELOCITY_MAX, VELOCITY_MAX, bias]


@pytest.mark.parametrize(
    ("number", "bits", "wanted"),
    [(0, 1, 0), (1, 1, 1), (-1, 1, 0), (3, 1, 2), (-3, 1, -1), (7, 4, 0), (8, 4, 1), (-8, 4, 0), (-9, 4, -1)],
)
def test_rescaling_rounds_to_the_nearest_and_halves_up(number: int, bits: int, wanted: int) -> None:
    assert network.rescale(np.array([number]), bits).tolist() == [wanted]


def test_equal_scores_give_the_lowest_digit() -> None:
    parameters = tuple(np.zeros(shape, dtype=np.int64) for shape in SHAPES)
    blank = Network(parameters)  # type: ignore[arg-type]
    assert blank.infer(np.full((2, 64), 16)).tolist() == [0, 0]


@given(st.integers(0, 2**32), st.booleans())
def test_states_come_back_from_their_bytes(seed: int, extreme: bool) -> None:
    training = random_training(seed, extreme)
    data = training.to_bytes()
    assert len(data) == 2 * network.model_bytes(HIDDEN)
    assert network.training_from_bytes(data, HIDDEN).to_bytes() == data
    model = training.network.to_bytes()
    assert network.network_from_bytes(model, HIDDEN).to_bytes() == model


def test_bytes_that_are_no_state_are_refused() -> None:
    size = network.model_bytes(HIDDEN)
    with pytest.raises(InvalidState) as refused:
        network.network_from_bytes(bytes(size - 1), HIDDEN)
    assert str(refused.value) == "a model of 3 hidden units has 940 bytes, not 939"
    with pytest.raises(InvalidState) as refused:
        network.training_from_bytes(bytes(size), HIDDEN)
    assert str(refused.value) == "a training of 3 hidden units has 1880 bytes, not 940"
    heavy = (WEIGHT_MAX + 1).to_bytes(4, "little") + bytes(size - 4)
    with pytest.raises(InvalidState) as refused:
        network.network_from_bytes(heavy, HIDDEN)
    assert str(refused.value) == "a parameter of size 524289 is above the bound, 524288"
    with pytest.raises(InvalidState) as refused:
        network.training_from_bytes(bytes(size) + b"\x00\x00\x00\x80" * (size // 4), HIDDEN)
    assert str(refused.value) == "a velocity of size 2147483648 is above the bound, 1073741824"


def test_untrained_networks_differ_by_seed_and_are_bounded() -> None:
    first, second = network.initial(b"a", 8), network.initial(b"b", 8)
    assert first.to_bytes() == network.initial(b"a", 8).to_bytes() != second.to_bytes()
    assert max(int(np.abs(part).max()) for part in first.parameters) <= ONE // 4
