"""The three services as state machines: a start, 25 deterministic segments, and a result.

A state is bytes, complete in itself: whoever has the specification and one state can go on from there. For
training and fine-tuning it is the network with its velocities; for inference, the model and the labels so
far.
"""

from dataclasses import dataclass
from hashlib import shake_256
from typing import Protocol

import numpy as np

from node.provider.jobs import dataset, network
from node.provider.jobs.network import InvalidState, Matrix, Network
from node.provider.jobs.spec import CHECKPOINTS, FineTune, Infer, Spec, Train, job_hash
from runtime.crypto.hashing import blake2b_256


class InvalidBase(ValueError):
    """The model that a job begins with is missing, or is another one."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a job comes to."""

    output: bytes
    """The model, or the labels of the held-out images, a byte each."""
    correct: int
    total: int

    @property
    def digest(self) -> bytes:
        """The 32 bytes that the receipt carries."""
        return blake2b_256(self.output)


class Program(Protocol):
    """A service, for one specification."""

    def start(self, base: bytes | None) -> bytes:
        """The state before the first segment; raises `InvalidBase` for a wrong or missing model."""
        ...

    def is_start(self, state: bytes) -> bool:
        """Whether the job may begin in `state`, judged from the specification alone."""
        ...

    def advance(self, segment: int, state: bytes) -> bytes:
        """The state after `segment` (1 to 25); raises `InvalidState` if `state` is none of this job's."""
        ...

    def finish(self, state: bytes) -> Result:
        """The result of the last state; raises `InvalidState`."""
        ...


def program_of(spec: Spec) -> Program:
    """The service that a specification asks for."""
    if isinstance(spec, Infer):
        return _Inference(spec)
    return _Training(spec)


class _Training:
    """Training from a seed, or further from a model."""

    def __init__(self, spec: Train | FineTune) -> None:
        self._spec = spec
        self._data = dataset.load(spec.dataset)
        self._seed = job_hash(spec)

    def start(self, base: bytes | None) -> bytes:
        spec = self._spec
        if isinstance(spec, Train):
            if base is not None:
                raise InvalidBase("a training starts from its seed and takes no model; fine_tune does")
            return network.at_rest(network.initial(self._seed, spec.hidden)).to_bytes()
        return network.at_rest(_read_base(base, spec.base, spec.hidden)).to_bytes()

    def is_start(self, state: bytes) -> bool:
        if isinstance(self._spec, Train):
            return state == self.start(None)
        model = state[: network.model_bytes(self._spec.hidden)]
        try:
            return state == self.start(model)
        except InvalidBase:
            return False

    def advance(self, segment: int, state: bytes) -> bytes:
        spec, samples = self._spec, self._data.training
        training = network.training_from_bytes(state, spec.hidden)
        per_segment = spec.epochs // CHECKPOINTS
        for epoch in range((segment - 1) * per_segment, segment * per_segment):
            order = self._order(epoch)
            for first in range(0, len(order), spec.batch):
                chosen = order[first : first + spec.batch]
                images, labels = samples.images[chosen], samples.labels[chosen]
                training = network.step(training, images, labels, spec.rate_shift, spec.momentum_shift)
        return training.to_bytes()

    def finish(self, state: bytes) -> Result:
        model = network.training_from_bytes(state, self._spec.hidden).network
        held_out = self._data.held_out
        correct = int((model.infer(held_out.images) == held_out.labels).sum())
        return Result(model.to_bytes(), correct, len(held_out))

    def _order(self, epoch: int) -> Matrix:
        """The order of the samples in one epoch: sorted by words of SHAKE-256, of equal ones the first
        first.
        """
        head = b"ballast/order" + self._seed + epoch.to_bytes(4, "little")
        words = np.frombuffer(shake_256(head).digest(8 * len(self._data.training)), dtype="<u8")
        return np.argsort(words, kind="stable").astype(np.int64)


class _Inference:
    """Labelling the held-out images, a twenty-fifth of them a segment."""

    def __init__(self, spec: Infer) -> None:
        self._spec = spec
        self._samples = dataset.load(spec.dataset).held_out
        self._model_bytes = network.model_bytes(spec.hidden)

    def start(self, base: bytes | None) -> bytes:
        return _read_base(base, self._spec.base, self._spec.hidden).to_bytes()

    def is_start(self, state: bytes) -> bool:
        return blake2b_256(state).hex() == self._spec.base

    def advance(self, segment: int, state: bytes) -> bytes:
        model, labels = self._read(state, self._end(segment - 1))
        images = self._samples.images[self._end(segment - 1) : self._end(segment)]
        return model.to_bytes() + labels + model.infer(images).astype(np.uint8).tobytes()

    def finish(self, state: bytes) -> Result:
        _, labels = self._read(state, len(self._samples))
        correct = int((np.frombuffer(labels, dtype=np.uint8) == self._samples.labels).sum())
        return Result(labels, correct, len(self._samples))

    def _end(self, segment: int) -> int:
        """How many images are labelled after a segment."""
        return segment * len(self._samples) // CHECKPOINTS

    def _read(self, state: bytes, labelled: int) -> tuple[Network, bytes]:
        size = self._model_bytes + labelled
        if len(state) != size:
            raise InvalidState(f"an inference with {labelled} labels has {size} bytes, not {len(state)}")
        model = network.network_from_bytes(state[: self._model_bytes], self._spec.hidden)
        return model, state[self._model_bytes :]


def _read_base(base: bytes | None, digest: str, hidden: int) -> Network:
    """The model that a specification names."""
    if base is None:
        raise InvalidBase(f"the job begins with the model {digest}, which was not given")
    if (given := blake2b_256(base).hex()) != digest:
        raise InvalidBase(f"the job begins with the model {digest}, and the given one is {given}")
    try:
        return network.network_from_bytes(base, hidden)
    except InvalidState as error:
        raise InvalidBase(f"the model {digest} does not fit the job: {error}") from error
