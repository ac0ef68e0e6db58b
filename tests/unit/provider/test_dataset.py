"""The digits are the published ones, and what is held out is never trained on."""

import gzip
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from node.provider.jobs import dataset


def test_the_digits_are_all_there() -> None:
    """1,797 images; the counts of each digit are those that the source publishes for its test set."""
    digits = dataset.load("digits")
    assert (len(digits.training), len(digits.held_out)) == (1438, 359)
    labels = np.concatenate([digits.training.labels, digits.held_out.labels])
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    images = np.concatenate([digits.training.images, digits.held_out.images])
    assert (images.dtype, images.shape, int(images.min()), int(images.max())) == (np.int64, (1797, 64), 0, 16)


def test_no_held_out_image_is_trained_on() -> None:
    digits = dataset.load("digits")
    training = {image.tobytes() for image in digits.training.images}
    assert not any(image.tobytes() in training for image in digits.held_out.images)


def test_transposed_digits_are_the_same_images_mirrored() -> None:
    digits, transposed = dataset.load("digits"), dataset.load("digits-transposed")
    assert np.array_equal(transposed.training.images[7].reshape(8, 8).T.ravel(), digits.training.images[7])
    assert np.array_equal(transposed.held_out.labels, digits.held_out.labels)


def test_shared_arrays_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        dataset.load("digits").training.images[0, 0] = 1


def test_the_license_lies_beside_the_data() -> None:
    text = (files("node.provider.jobs") / "data" / "digits.LICENSE.txt").read_text(encoding="utf-8")
    assert "Creative Commons Attribution 4.0 International" in text
    assert "UCI Machine\nLearning Repository" in text


def test_a_damaged_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "digits.csv.gz").write_bytes(gzip.compress(b"0,1\n"))
    monkeypatch.setattr(dataset, "files", lambda _: tmp_path)
    with pytest.raises(dataset.DamagedDataset) as refused:
        dataset._digits.__wrapped__()
    digest = "d0c934de05097f1f856ae5c963bba6e9ac6c56da90e0e97ec088c27f6ef4a8f4"
    wanted = "e3d322edefd79b22fbdcd812596f7bc5eadc36a19c70f86b4b785fbf2d086389"
    message = f"digits.csv.gz has the digest {digest}, not {wanted}: install the program again"
    assert str(refused.value) == message
