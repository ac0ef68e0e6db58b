"""What `ballast redeem` and `ballast receipt` make of files and options, before any node is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from node.cli.redeem import read_spec
from node.provider.jobs.run import run_job
from node.provider.jobs.spec import FineTune, Infer, Train, receipt_bytes
from node.provider.shelf import Shelf
from runtime.crypto.hashing import blake2b_256
from support.cli import ballast, refusal

MODEL = b"a model"
DIGEST = blake2b_256(MODEL).hex()


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_a_job_is_read_from_toml_and_from_json(tmp_path: Path) -> None:
    toml = written(tmp_path, "job.toml", "seed = 7\nepochs = 25\n")
    json = written(tmp_path, "job.json", '{"service": "train", "seed": 7, "epochs": 25}')
    assert read_spec("train", toml) == read_spec("train", json) == Train(seed=7, epochs=25)
    assert read_spec("train", None) == Train()


def test_the_model_that_is_given_names_the_base() -> None:
    assert read_spec("infer", None, MODEL) == Infer(base=DIGEST)
    assert read_spec("fine_tune", None, MODEL) == FineTune(base=DIGEST, dataset="digits-transposed")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("job.toml", 'service = "infer"', "{file} is a job for `infer`, not for `train`"),
        (
            "job.toml",
            "epochs = 1",
            "{file}: the job specification cannot be read: Expected `int` >= 25 - at `$.epochs`",
        ),
        (
            "job.toml",
            "speed = 1",
            "{file}: the job specification cannot be read: Object contains unknown field `speed`",
        ),
        (
            "job.toml",
            "seed =",
            "{file} is neither TOML nor JSON (.json): Invalid value (at end of document)",
        ),
        ("job.json", "[1]", "{file} is neither TOML nor JSON (.json): Expected `object`, got `array`"),
    ],
)
def test_a_job_that_cannot_be_read_says_why(tmp_path: Path, name: str, text: str, why: str) -> None:
    file = written(tmp_path, name, text)
    assert refusal("redeem", "train", "--spec", str(file), status=2) == why.format(file=file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    assert (
        refusal("redeem", "train", "--spec", str(missing), status=2)
        == f"{missing}: No such file or directory"
    )
    assert (
        refusal("redeem", "infer", "--base", str(missing), status=2)
        == f"{missing}: No such file or directory"
    )
    assert refusal("receipt", "verify", str(missing), status=2) == f"{missing}: No such file or directory"


def test_a_specification_for_another_model_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, "job.toml", f'base = "{"0" * 64}"')
    model = tmp_path / "model"
    model.write_bytes(MODEL)
    said = refusal("redeem", "infer", "--base", str(model), "--spec", str(file), status=2)
    assert said == f"{file} begins with the model {'0' * 64}, and --base is {DIGEST}"


def test_a_receipt_is_verified_and_a_false_one_refused(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "jobs")
    finished = run_job(Train(hidden=1, epochs=25, batch=256))
    shelf.put_run(finished)
    file = tmp_path / "receipt.json"
    file.write_bytes(receipt_bytes(finished.receipt))
    jobs = ("--jobs-dir", str(shelf.folder))
    found = ballast("receipt", "verify", str(file), "--segment", "25", *jobs, "--json").json
    assert (found["segment"], found["matches"], found["finding"]) == (25, True, "match")
    assert ballast("receipt", "verify", str(file), *jobs).out.splitlines()[-1].endswith("run again: match")

    said = refusal("receipt", "verify", str(file), "--segment", "26", *jobs, status=2)
    assert said == "a job has the segments 1 to 25, not 26"
    said = refusal("receipt", "verify", str(file), "--jobs-dir", str(tmp_path / "other"), status=2)
    digest = blake2b_256(file.read_bytes()).hex()
    assert said == f"the jobs folder {tmp_path / 'other'} has no {digest}.trail"

    boasting = structs.replace(finished.receipt, correct=finished.receipt.total)
    shelf.put_run(replace(finished, receipt=boasting))
    file.write_bytes(receipt_bytes(boasting))
    ended = ballast("receipt", "verify", str(file), "--segment", "25", *jobs)
    assert ended.status == 1
    false = (
        "segment 25/25 run again: mismatch: the last state does not have the receipt's result and accuracy"
    )
    assert ended.err == f"ballast: the receipt is false: {false}\n"


def test_an_agent_needs_a_key() -> None:
    said = refusal("provider", "run", status=2)
    assert said == "whose agent? Give --key, or --dev-all for the providers of a development chain"


def test_a_demo_cannot_seal_faster_than_a_chain() -> None:
    assert refusal("demo", "--seconds-per-block", "0", status=2) == "--seconds-per-block is from 0.02 to 3600"
