"""A network of one hidden layer in 64-bit fixed point: the same bits on every machine.

Numbers are integers in units of 2^-16. A product of two has units of 2^-32 and is brought back by
`rescale`, which rounds to the nearest, and halves up. There is no float, no exponential and no division,
and no sum that could overflow or depend on its order. With inputs up to 1, weights up to 8 in size, 256
hidden units, 256 samples a batch, and errors up to 2 in size, the largest sum (in units of 2^-32) is below
2^53:

    hidden  64 x 2^16 x 2^19 = 2^41         output  256 x 2^26 x 2^19 = 2^53
    gradient of the second layer  256 x 2^26 x 2^17 = 2^51

The loss is the squared distance to the label's unit vector; its gradient is bounded by clipping the error.
Steps take momentum: v <- v + gradient - v / 2^m, and w <- w - v / 2^r.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import shake_256

import numpy as np
from numpy.typing import NDArray

from node.provider.jobs.dataset import CLASSES, PIXELS

FRACTION_BITS = 16
ONE = 1 << FRACTION_BITS
WEIGHT_MAX = 8 * ONE
VELOCITY_MAX = 1 << 30
ERROR_MAX = 2 * ONE
HIDDEN_MAX = 256
BATCH_MAX = 256

_PIXEL_BITS = 4  # pixels go from 0 to 2^4
_FIRST_LIMIT = ONE // 4
_SECOND_LIMIT = ONE // 4

Matrix = NDArray[np.int64]
Parameters = tuple[Matrix, Matrix, Matrix, Matrix]
"""Weights (64 x hidden) and biases (hidden) of the first layer, weights (hidden x 10) and biases (10) of
the second.
"""


class InvalidState(ValueError):
    """Bytes that are no model, or no state of a training."""


@dataclass(frozen=True, slots=True)
class Network:
    """A model: its parameters, each of at most `WEIGHT_MAX` in size."""

    parameters: Parameters

    @property
    def hidden(self) -> int:
        """The number of hidden units."""
        return len(self.parameters[1])

    def scores(self, images: Matrix) -> Matrix:
        """The ten outputs of each image (samples x 64 pixels), in units of 2^-16."""
        return _forward(self.parameters, inputs_of(images))[2]

    def infer(self, images: Matrix) -> Matrix:
        """The most likely digit of each image; of equal scores, the lowest digit."""
        best: Matrix = np.argmax(self.scores(images), axis=1).astype(np.int64)
        return best

    def to_bytes(self) -> bytes:
        """The parameters in order, 4 bytes each, little-endian."""
        return _pack(self.parameters)


@dataclass(frozen=True, slots=True)
class Training:
    """A training between two batches: the network, and the velocity of each parameter."""

    network: Network
    velocities: Parameters

    def to_bytes(self) -> bytes:
        """The network's parameters, then the velocities."""
        return self.network.to_bytes() + _pack(self.velocities)


def model_bytes(hidden: int) -> int:
    """How many bytes a network of this many hidden units takes."""
    return 4 * (PIXELS * hidden + hidden + hidden * CLASSES + CLASSES)


def initial(seed: bytes, hidden: int) -> Network:
    """The untrained network of a seed: weights drawn by SHAKE-256, biases zero."""
    stream = shake_256(b"ballast/network" + seed).digest(4 * (PIXELS + CLASSES) * hidden)
    words = np.frombuffer(stream, dtype="<u4").astype(np.int64)
    first, second = words[: PIXELS * hidden], words[PIXELS * hidden :]
    return Network(
        (
            (first % (2 * _FIRST_LIMIT + 1) - _FIRST_LIMIT).reshape(PIXELS, hidden),
            np.zeros(hidden, dtype=np.int64),
            (second % (2 * _SECOND_LIMIT + 1) - _SECOND_LIMIT).reshape(hidden, CLASSES),
            np.zeros(CLASSES, dtype=np.int64),
        )
    )


def at_rest(network: Network) -> Training:
    """A training that begins at `network`, with no velocity."""
    first, first_bias, second, second_bias = (np.zeros_like(part) for part in network.parameters)
    return Training(network, (first, first_bias, second, second_bias))


def network_from_bytes(data: bytes, hidden: int) -> Network:
    """The network that `to_bytes` wrote; raises `InvalidState`."""
    if len(data) != model_bytes(hidden):
        raise InvalidState(
            f"a model of {hidden} hidden units has {model_bytes(hidden)} bytes, not {len(data)}"
        )
    return Network(_unpack(data, hidden, WEIGHT_MAX, "parameter"))


def training_from_bytes(data: bytes, hidden: int) -> Training:
    """The training that `to_bytes` wrote; raises `InvalidState`."""
    size = model_bytes(hidden)
    if len(data) != 2 * size:
        raise InvalidState(f"a training of {hidden} hidden units has {2 * size} bytes, not {len(data)}")
    network = network_from_bytes(data[:size], hidden)
    return Training(network, _unpack(data[size:], hidden, VELOCITY_MAX, "velocity"))


def step(
    training: Training, images: Matrix, labels: Matrix, rate_shift: int, momentum_shift: int
) -> Training:
    """The training after one batch of at most `BATCH_MAX` samples."""
    parameters = training.network.parameters
    inputs = inputs_of(images)
    summed, active, scores = _forward(parameters, inputs)
    targets = np.zeros_like(scores)
    targets[np.arange(len(labels)), labels] = ONE
    error = np.clip(scores - targets, -ERROR_MAX, ERROR_MAX)
    back = rescale(error @ parameters[2].T, FRACTION_BITS) * (summed > 0)
    gradients = (
        rescale(inputs.T @ back, FRACTION_BITS),
        back.sum(axis=0),
        rescale(active.T @ error, FRACTION_BITS),
        error.sum(axis=0),
    )
    velocities = [
        np.clip(velocity + gradient - rescale(velocity, momentum_shift), -VELOCITY_MAX, VELOCITY_MAX)
        for velocity, gradient in zip(training.velocities, gradients, strict=True)
    ]
    moved = [
        np.clip(parameter - rescale(velocity, rate_shift), -WEIGHT_MAX, WEIGHT_MAX)
        for parameter, velocity in zip(parameters, velocities, strict=True)
    ]
    return Training(Network(_four(moved)), _four(velocities))


def rescale(numbers: Matrix, bits: int) -> Matrix:
    """The numbers divided by 2^bits, rounded to the nearest integer, halves up; `bits` is at least 1."""
    return (numbers + (1 << (bits - 1))) >> bits


def inputs_of(images: Matrix) -> Matrix:
    """Pixels from 0 to 16 as fixed-point numbers from 0 to 1."""
    return images << (FRACTION_BITS - _PIXEL_BITS)


def _forward(parameters: Parameters, inputs: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """What arrives at the hidden units, what leaves them (ReLU), and the scores."""
    first, first_bias, second, second_bias = parameters
    summed = rescale(inputs @ first, FRACTION_BITS) + first_bias
    active = np.maximum(summed, 0)
    return summed, active, rescale(active @ second, FRACTION_BITS) + second_bias


def _pack(parameters: Parameters) -> bytes:
    return b"".join(part.astype("<i4").tobytes() for part in parameters)


def _unpack(data: bytes, hidden: int, size_max: int, what: str) -> Parameters:
    numbers = np.frombuffer(data, dtype="<i4").astype(np.int64)
    if (largest := int(np.abs(numbers).max())) > size_max:
        raise InvalidState(f"a {what} of size {largest} is above the bound, {size_max}")
    ends = np.cumsum([PIXELS * hidden, hidden, hidden * CLASSES])
    first, first_bias, second, second_bias = np.split(numbers, ends)
    return first.reshape(PIXELS, hidden), first_bias, second.reshape(hidden, CLASSES), second_bias


def _four(parts: Sequence[Matrix]) -> Parameters:
    first, first_bias, second, second_bias = parts
    return first, first_bias, second, second_bias
