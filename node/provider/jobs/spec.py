"""What a job is to do, and what is signed off when it is done: specifications and receipts as canonical JSON.

Canonical means sorted keys, no spaces and no floats: equal values have equal bytes, and the job's hash,
which the redemption ticket carries, is blake2b-256 of the specification's bytes. Unknown fields are
refused.
"""

from collections.abc import Mapping
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta, Struct

from node.provider.jobs.dataset import DatasetName
from node.provider.jobs.network import BATCH_MAX, HIDDEN_MAX
from runtime.crypto.hashing import blake2b_256

CHECKPOINTS = 25
SPEC_BYTES_MAX = 4_096
RECEIPT_BYTES_MAX = 16_384

Digest: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""32 bytes in lower-case hexadecimal."""
Seed: TypeAlias = Annotated[int, Meta(ge=0, lt=2**32)]
Hidden: TypeAlias = Annotated[int, Meta(ge=1, le=HIDDEN_MAX)]
Epochs: TypeAlias = Annotated[int, Meta(ge=CHECKPOINTS, le=40 * CHECKPOINTS, multiple_of=CHECKPOINTS)]
"""Passes over the training images: a multiple of 25, so that each checkpoint comes after as many as the
others.
"""
Batch: TypeAlias = Annotated[int, Meta(ge=1, le=BATCH_MAX)]
RateShift: TypeAlias = Annotated[int, Meta(ge=4, le=24)]
"""The learning rate is 2^-rate_shift."""
MomentumShift: TypeAlias = Annotated[int, Meta(ge=1, le=8)]
"""Each step keeps the velocity but for a part of 2^-momentum_shift."""
Count: TypeAlias = Annotated[int, Meta(ge=0, lt=2**32)]


class InvalidSpec(ValueError):
    """A job that cannot be asked for: which field, and what it should be."""


class InvalidReceipt(ValueError):
    """A receipt that cannot be read, or that contradicts itself."""


class Train(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="service", tag="train"):
    """Train a network from a seed."""

    dataset: DatasetName = "digits"
    seed: Seed = 0
    hidden: Hidden = 64
    epochs: Epochs = 50
    batch: Batch = 32
    rate_shift: RateShift = 10
    momentum_shift: MomentumShift = 3


class FineTune(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="service", tag="fine_tune"
):
    """Train a given network further, on other data."""

    base: Digest
    """blake2b-256 of the model to begin with: the result of its training."""
    dataset: DatasetName
    seed: Seed = 0
    hidden: Hidden = 64
    epochs: Epochs = 25
    batch: Batch = 32
    rate_shift: RateShift = 10
    momentum_shift: MomentumShift = 3


class Infer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="service", tag="infer"):
    """Run a given network on the held-out images."""

    base: Digest
    """blake2b-256 of the model to run."""
    dataset: DatasetName = "digits"
    hidden: Hidden = 64


Spec: TypeAlias = Train | FineTune | Infer


class Receipt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was done: enough for anybody with one state of the run to do a part of it again and compare."""

    spec: Spec
    job: Digest
    """The hash of `spec`, as in the redemption ticket."""
    start: Digest
    """The head of the digest chain, over the state before the first segment."""
    checkpoints: Annotated[tuple[Digest, ...], Meta(min_length=CHECKPOINTS, max_length=CHECKPOINTS)]
    """After each segment, blake2b-256 of the digest before and of the state's own digest."""
    result: Digest
    """blake2b-256 of the model, or for inference of the labels, a byte each."""
    correct: Count
    """How many of the `total` held-out images the result gets right; the accuracy is correct / total."""
    total: Count

    @property
    def accuracy_ppb(self) -> int:
        """The accuracy in parts per billion, rounded down."""
        return self.correct * 10**9 // self.total if self.total else 0


_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What the decoders raise for JSON that is none, or none of theirs."""
_encoder = msgspec.json.Encoder(order="sorted")
_spec_decoder: msgspec.json.Decoder[Spec] = msgspec.json.Decoder(Spec)
_receipt_decoder: msgspec.json.Decoder[Receipt] = msgspec.json.Decoder(Receipt)


def parse_spec(source: bytes | Mapping[str, object]) -> Spec:
    """A job from JSON bytes, or from a table such as a TOML file gives; raises `InvalidSpec`."""
    data = source if isinstance(source, bytes) else _json(source)
    if len(data) > SPEC_BYTES_MAX:
        raise InvalidSpec(f"a job specification has at most {SPEC_BYTES_MAX} bytes, not {len(data)}")
    try:
        return _spec_decoder.decode(data)
    except _UNREADABLE as error:
        raise InvalidSpec(f"the job specification cannot be read: {error}") from error


def spec_bytes(spec: Spec) -> bytes:
    """The canonical JSON of a job; raises `InvalidSpec` if a field is out of its bounds."""
    data = _encoder.encode(spec)
    parse_spec(data)
    return data


def job_hash(spec: Spec) -> bytes:
    """The 32 bytes by which tickets and receipts name a job."""
    return blake2b_256(spec_bytes(spec))


def receipt_bytes(receipt: Receipt) -> bytes:
    """The canonical JSON of a receipt."""
    return _encoder.encode(receipt)


def receipt_hash(receipt: Receipt) -> bytes:
    """The 32 bytes that a provider puts on chain when it delivers."""
    return blake2b_256(receipt_bytes(receipt))


def parse_receipt(data: bytes) -> Receipt:
    """A receipt from JSON; raises `InvalidReceipt`, also if the job's hash is not that of the
    specification.
    """
    if len(data) > RECEIPT_BYTES_MAX:
        raise InvalidReceipt(f"a receipt has at most {RECEIPT_BYTES_MAX} bytes, not {len(data)}")
    try:
        receipt = _receipt_decoder.decode(data)
    except _UNREADABLE as error:
        raise InvalidReceipt(f"the receipt cannot be read: {error}") from error
    if (job := job_hash(receipt.spec).hex()) != receipt.job:
        raise InvalidReceipt(f"the receipt names the job {receipt.job}, and its specification is {job}")
    if receipt.correct > receipt.total:
        raise InvalidReceipt(f"the receipt claims {receipt.correct} right answers of {receipt.total}")
    return receipt


def _json(table: Mapping[str, object]) -> bytes:
    try:
        return msgspec.json.encode(table)
    except (TypeError, ValueError) as error:
        raise InvalidSpec(f"the job specification cannot be read: {error}") from error
