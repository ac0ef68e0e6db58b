"""The data sets that jobs run on: images of handwritten digits, shipped with the program and pinned by
digest.

Every fifth image is held out: jobs never train on it, and measure their accuracy on these only.
"""

import gzip
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from runtime.crypto.hashing import blake2b_256

DatasetName = Literal["digits", "digits-transposed"]
"""`digits` are the images as published; in `digits-transposed` rows and columns are exchanged: another
script.
"""

PIXELS = 64
CLASSES = 10
HELD_OUT_EVERY = 5

_DIGITS_BLAKE2B_256 = "e3d322edefd79b22fbdcd812596f7bc5eadc36a19c70f86b4b785fbf2d086389"


class DamagedDataset(RuntimeError):
    """A shipped file that is not the one that jobs are defined on."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Images with their labels; both arrays are read-only."""

    images: NDArray[np.int64]
    """Samples x 64 pixels from 0 (paper) to 16 (ink)."""
    labels: NDArray[np.int64]
    """The digit of each image."""

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class Dataset:
    """What jobs train on, and what they are measured on."""

    training: Samples
    held_out: Samples


@cache
def load(name: DatasetName) -> Dataset:
    """The data set of this name; raises `DamagedDataset` if the shipped file has been changed."""
    images, labels = _digits()
    if name == "digits-transposed":
        images = images.reshape(-1, 8, 8).transpose(0, 2, 1).reshape(-1, PIXELS)
    held_out = np.arange(len(labels)) % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
    return Dataset(
        training=_samples(images[~held_out], labels[~held_out]),
        held_out=_samples(images[held_out], labels[held_out]),
    )


@cache
def _digits() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All images and labels: lines of 64 pixels and a label (see digits.LICENSE.txt for source and
    license).
    """
    text = gzip.decompress((files("node.provider.jobs") / "data" / "digits.csv.gz").read_bytes())
    if (digest := blake2b_256(text).hex()) != _DIGITS_BLAKE2B_256:
        wanted = _DIGITS_BLAKE2B_256
        raise DamagedDataset(
            f"digits.csv.gz has the digest {digest}, not {wanted}: install the program again"
        )
    table = np.array([line.split(b",") for line in text.splitlines()]).astype(np.int64)
    return table[:, :PIXELS], table[:, PIXELS]


def _samples(images: NDArray[np.int64], labels: NDArray[np.int64]) -> Samples:
    images, labels = np.ascontiguousarray(images), np.ascontiguousarray(labels)
    images.setflags(write=False)
    labels.setflags(write=False)
    return Samples(images, labels)
