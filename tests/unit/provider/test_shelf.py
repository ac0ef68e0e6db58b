"""The shelf: bytes under their hash, refused when they are not; a run's states found by its receipt."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.provider.jobs.run import Finished, InvalidSegment, run_job, verify_receipt
from node.provider.jobs.spec import Train, receipt_hash
from node.provider.shelf import BLOB_BYTES_MAX, Shelf, ShelfError
from runtime.crypto.hashing import blake2b_256

SMALL = Train(hidden=1, epochs=25, batch=256)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "jobs")


@pytest.fixture(scope="module")
def finished() -> Finished:
    return run_job(SMALL)


def test_what_is_laid_down_is_found_by_its_hash(shelf: Shelf) -> None:
    digest = shelf.put(b"a model")
    assert digest == blake2b_256(b"a model")
    assert digest in shelf
    assert shelf.get(digest) == b"a model"
    assert shelf.put(b"a model") == digest
    assert [file.name for file in shelf.folder.iterdir()] == [digest.hex()]


def test_what_is_not_there_is_named(shelf: Shelf) -> None:
    with pytest.raises(ShelfError) as refused:
        shelf.get(bytes(32))
    assert str(refused.value) == f"the jobs folder {shelf.folder} has no {'00' * 32}"


def test_bytes_under_another_name_are_refused(shelf: Shelf) -> None:
    path = shelf.folder / ("00" * 32)
    path.write_bytes(b"forged")
    with pytest.raises(ShelfError) as refused:
        shelf.get(bytes(32))
    assert str(refused.value) == f"{path} does not hold what its name says"


def test_a_file_without_a_bound_is_not_read(shelf: Shelf) -> None:
    path = shelf.folder / ("00" * 32)
    with path.open("wb") as file:
        file.truncate(BLOB_BYTES_MAX + 1)
    with pytest.raises(ShelfError) as refused:
        shelf.get(bytes(32))
    assert str(refused.value) == f"{path} is larger than {BLOB_BYTES_MAX} bytes"


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ShelfError) as refused:
        Shelf(tmp_path / "file")
    assert str(refused.value) == f"the jobs folder {tmp_path / 'file'} cannot be made: File exists"


@pytest.mark.parametrize("number", [1, 13, 25])
def test_every_segment_of_a_run_is_found_and_verifies(shelf: Shelf, finished: Finished, number: int) -> None:
    digest = shelf.put_run(finished)
    assert digest == receipt_hash(finished.receipt)
    receipt = shelf.receipt(digest)
    assert receipt == finished.receipt
    assert verify_receipt(receipt, shelf.segment(receipt, number)).matches
    assert shelf.get(bytes.fromhex(receipt.result)) == finished.result.output


def test_a_segment_that_no_job_has_is_refused(shelf: Shelf, finished: Finished) -> None:
    shelf.put_run(finished)
    with pytest.raises(InvalidSegment, match=r"^a job has the segments 1 to 25, not 26$"):
        shelf.segment(finished.receipt, 26)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"[]", "names 0 states, and a run has 26"),
        (b'["zz"]', "is no trail of a run"),
        (b"{", "is no trail of a run"),
        (b"7", "is no trail of a run"),
    ],
)
def test_a_trail_that_is_none_is_refused(shelf: Shelf, finished: Finished, content: bytes, why: str) -> None:
    digest = shelf.put_run(finished)
    path = shelf.folder / f"{digest.hex()}.trail"
    path.write_bytes(content)
    with pytest.raises(ShelfError) as refused:
        shelf.segment(finished.receipt, 1)
    assert str(refused.value) == f"{path} {why}"


def test_a_trail_with_states_in_another_order_proves_nothing(shelf: Shelf, finished: Finished) -> None:
    digest = shelf.put_run(finished)
    path = shelf.folder / f"{digest.hex()}.trail"
    path.write_text("[" + ", ".join(f'"{blake2b_256(each).hex()}"' for each in finished.states[::-1]) + "]")
    receipt = finished.receipt
    with pytest.raises(
        InvalidSegment, match=r"^the state is not the one that the receipt has before segment 1$"
    ):
        verify_receipt(receipt, shelf.segment(receipt, 1))
