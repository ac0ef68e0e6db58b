"""The workbench: products and jobs really made, remembered over a restart, and one agent a key."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from node.provider import workbench
from node.provider.jobs.spec import FineTune, Train, parse_receipt, spec_bytes
from node.provider.quote import job_work
from node.provider.shelf import Shelf
from node.provider.workbench import AlreadyRuns, JobFailed, Workbench
from pallets.attestation.probe import Task, check

SMALL = Train(hidden=1, epochs=25, batch=256)
ONE = 1


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "jobs")


async def test_a_product_is_made_kept_and_forgotten_with_its_window(tmp_path: Path, shelf: Shelf) -> None:
    task, other = Task(bytes(32), 16), Task(bytes([1]) * 32, 16)
    with Workbench(tmp_path / "me", shelf) as bench:
        await bench.multiply(task, trio.CapacityLimiter(ONE))
        work = bench.work(task)
        assert work is not None
        check(task, work.root, bytes(32), 4, work.answer(bytes(32), 4))
        bench.keep_only([task, other])
        assert bench.work(task) is work
        bench.keep_only([other])
        assert bench.work(task) is None


async def test_a_job_is_done_in_a_process_and_its_receipt_outlives_the_agent(
    tmp_path: Path, shelf: Shelf
) -> None:
    job = shelf.put(spec_bytes(SMALL))
    with Workbench(tmp_path / "me", shelf) as bench:
        assert bench.job_work(job) == job_work(SMALL)
        assert bench.receipt(job) is None
        await bench.run(job, trio.CapacityLimiter(ONE))
        digest = bench.receipt(job)
        assert digest is not None
        assert parse_receipt(shelf.get(digest)).job == job.hex()
    with Workbench(tmp_path / "me", shelf) as anew:
        assert anew.receipt(job) == digest
    (shelf.folder / digest.hex()).unlink()
    with Workbench(tmp_path / "me", shelf) as robbed:
        assert robbed.receipt(job) is None


def test_a_job_whose_inputs_are_not_all_there_costs_nothing_yet(tmp_path: Path, shelf: Shelf) -> None:
    model = b"\x00" * 100
    with Workbench(tmp_path / "me", shelf) as bench:
        assert bench.job_work(bytes(32)) is None
        digest = shelf.put(model)
        (shelf.folder / digest.hex()).unlink()
        tuned = FineTune(base=digest.hex(), dataset="digits")
        job = shelf.put(spec_bytes(tuned))
        assert bench.job_work(job) is None
        shelf.put(model)
        assert bench.job_work(job) == job_work(tuned)
        assert bench.job_work(shelf.put(b"no specification")) is None


async def test_a_job_that_cannot_be_done_fails_with_the_reason(tmp_path: Path, shelf: Shelf) -> None:
    digest = shelf.put(b"no model")
    job = shelf.put(spec_bytes(FineTune(base=digest.hex(), dataset="digits")))
    with Workbench(tmp_path / "me", shelf) as bench, pytest.raises(JobFailed) as failed:
        await bench.run(job, trio.CapacityLimiter(ONE))
    wanted = (
        f"the model {digest.hex()} does not fit the job: a model of 64 hidden units has 19240 bytes, not 8"
    )
    assert str(failed.value) == wanted


async def test_a_job_that_takes_too_long_is_given_up(
    tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbench, "JOB_SECONDS_MAX", 0.01)
    job = shelf.put(spec_bytes(SMALL))
    with Workbench(tmp_path / "me", shelf) as bench, pytest.raises(JobFailed) as failed:
        await bench.run(job, trio.CapacityLimiter(ONE))
    assert str(failed.value) == "the job was not done in 0.01 s"


def test_a_second_agent_with_the_same_key_is_refused(tmp_path: Path, shelf: Shelf) -> None:
    with Workbench(tmp_path / "me", shelf), pytest.raises(AlreadyRuns) as refused:
        Workbench(tmp_path / "me", shelf).__enter__()
    assert str(refused.value) == f"another agent runs with this key: it holds {tmp_path / 'me' / 'lock'}"
    with Workbench(tmp_path / "me", shelf):
        pass
