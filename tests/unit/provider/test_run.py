"""Jobs give the same bits everywhere and learn; one segment, run again, tells an honest receipt from a
false one.
"""

from dataclasses import replace
from functools import cache

import msgspec
import pytest

from node.provider.jobs import network, run
from node.provider.jobs.program import InvalidBase
from node.provider.jobs.run import Finding, Finished, InvalidSegment, Segment, run_job, verify_receipt
from node.provider.jobs.spec import CHECKPOINTS, FineTune, Infer, Receipt, Spec, Train
from runtime.crypto.hashing import blake2b_256

SMALL = Train(hidden=8, epochs=25, batch=128)
"""A quick job for whatever does not depend on learning well."""


@cache
def trained() -> Finished:
    return run_job(Train())


@cache
def small() -> Finished:
    return run_job(SMALL)


def base() -> bytes:
    return trained().result.output


@cache
def tuned() -> Finished:
    return run_job(FineTune(base=trained().receipt.result, dataset="digits-transposed"), base())


def test_training_gives_the_pinned_bits() -> None:
    """Any machine, any build of numpy: if this fails, receipts of one machine are refused on another."""
    receipt = trained().receipt
    assert receipt.result == "1fc63174cde75e99cd2a332868ed0c1840fe11794b5dd5210ed9ab5077d4173d"
    assert receipt.checkpoints[16] == "c58c8bf6a61137ecdfd6974ca8e425f96425e3c13ac886583d3c03aa049e7861"
    assert receipt.checkpoints[-1] == "f79334df9741a00e5cdaae664547d315712f60bc31321f517f566f339cef24d9"


def test_training_reaches_its_accuracy_on_images_it_never_saw() -> None:
    receipt = trained().receipt
    assert (receipt.correct, receipt.total) == (350, 359)
    assert receipt.accuracy_ppb == 974_930_362


def test_accuracy_is_no_accident_of_the_seed() -> None:
    receipt = run_job(Train(seed=1)).receipt
    assert receipt.correct * 100 >= 96 * receipt.total
    assert receipt.result != trained().receipt.result


def test_fine_tuning_learns_what_the_model_could_not_do() -> None:
    digest = trained().receipt.result
    before = run_job(Infer(base=digest, dataset="digits-transposed"), base()).receipt
    after = tuned().receipt
    assert (before.correct, after.correct, after.total) == (34, 346, 359)
    assert after.result == "3dfa9a6d7ef73fc91889122bf79f8ff758aa33a5911f274ab4f34fd296aca3ce"


def test_inference_labels_the_held_out_images() -> None:
    finished = run_job(Infer(base=trained().receipt.result), base())
    assert (finished.receipt.correct, finished.receipt.total) == (350, 359)
    assert len(finished.result.output) == 359
    assert set(finished.result.output) == set(range(10))
    assert finished.receipt.result == "66b3373d19eae8fd5fc47912f940bed87a8ddcc8dc8f7d11b9b030bcc2952153"


def test_progress_is_told_after_each_checkpoint() -> None:
    told: list[tuple[int, str]] = []
    finished = run_job(SMALL, progress=lambda number, digest: told.append((number, digest)))
    assert told == list(enumerate(finished.receipt.checkpoints, start=1))


@pytest.mark.parametrize("number", range(1, CHECKPOINTS + 1))
def test_every_segment_of_an_honest_receipt_matches(number: int) -> None:
    verdict = verify_receipt(small().receipt, small().segment(number))
    assert verdict.matches
    assert str(verdict) == f"segment {number}/25 run again: match"


@pytest.mark.parametrize("number", [1, 2, 13, 25])
def test_segments_of_the_other_services_match(number: int) -> None:
    for finished in (tuned(), run_job(Infer(base=trained().receipt.result), base())):
        assert verify_receipt(finished.receipt, finished.segment(number)).matches


def forge(spec: Spec, states: list[bytes], **claims: object) -> Finished:
    """A receipt whose chain is in order over whatever states a cheat has made up."""
    honest = small()
    job = bytes.fromhex(honest.receipt.job)
    links = [run._link(job, states[0])]
    for state in states[1:]:
        links.append(run._link(links[-1], state))
    chain = {"spec": spec, "start": links[0].hex(), "checkpoints": tuple(link.hex() for link in links[1:])}
    receipt: Receipt = msgspec.structs.replace(honest.receipt, **(chain | claims))
    return replace(honest, receipt=receipt, states=tuple(states))


def findings(finished: Finished) -> dict[int, Finding]:
    """The segments that do not match, with what is wrong."""
    verdicts = [verify_receipt(finished.receipt, finished.segment(n)) for n in range(1, CHECKPOINTS + 1)]
    return {verdict.segment: verdict.finding for verdict in verdicts if not verdict.matches}


def test_one_changed_weight_in_one_checkpoint_is_caught_on_both_sides() -> None:
    """The segment that leads to the changed state is false, and so is the one that goes on from it."""
    states = list(small().states)
    tampered = bytearray(states[12])
    tampered[0] ^= 1
    states[12] = bytes(tampered)
    forged = forge(SMALL, states)
    assert findings(forged) == {12: Finding.WRONG_STATE, 13: Finding.WRONG_STATE}
    verdict = verify_receipt(forged.receipt, forged.segment(12))
    assert str(verdict) == (
        "segment 12/25 run again: mismatch: the segment does not lead to the receipt's checkpoint"
    )


def test_work_that_was_skipped_is_caught() -> None:
    """The last third is not done: the state stands still."""
    states = list(small().states)
    states[17:] = [states[16]] * 9
    result = network.training_from_bytes(states[16], 8).network.to_bytes()
    forged = forge(SMALL, states, result=blake2b_256(result).hex())
    assert sorted(findings(forged)) == list(range(17, 26))


def test_another_start_is_caught_at_the_first_segment() -> None:
    """A cheat begins with a model that has been trained before, and does every segment honestly from
    there.
    """
    states = [small().states[-1]]
    program = run.program_of(SMALL)
    for number in range(1, CHECKPOINTS + 1):
        states.append(program.advance(number, states[-1]))
    result = program.finish(states[-1])
    forged = forge(SMALL, states, result=result.digest.hex(), correct=result.correct)
    assert findings(forged) == {1: Finding.WRONG_START}
    assert str(verify_receipt(forged.receipt, forged.segment(1))) == (
        "segment 1/25 run again: mismatch: the run does not begin where its specification says"
    )


def test_fine_tuning_from_another_model_is_caught_at_the_first_segment() -> None:
    spec = FineTune(base="00" * 32, dataset="digits", hidden=8, batch=128)
    start = small().states[0]
    receipt = msgspec.structs.replace(
        small().receipt, spec=spec, start=run._link(run.job_hash(spec), start).hex()
    )
    assert verify_receipt(receipt, Segment(1, start)).finding is Finding.WRONG_START


@pytest.mark.parametrize("claims", [{"correct": 359}, {"total": 400}, {"result": "00" * 32}])
def test_a_false_result_is_caught_at_the_last_segment(claims: dict[str, object]) -> None:
    forged = forge(SMALL, list(small().states), **claims)
    assert findings(forged) == {25: Finding.WRONG_RESULT}
    assert str(verify_receipt(forged.receipt, forged.segment(25))) == (
        "segment 25/25 run again: mismatch: the last state does not have the receipt's result and accuracy"
    )


@pytest.mark.parametrize("state", [b"", b"\xff" * 2 * network.model_bytes(8), b"\x00\x00\x00\x80" * 1_220])
def test_committed_bytes_that_are_no_state_are_a_mismatch(state: bytes) -> None:
    states = list(small().states)
    states[12] = state
    assert findings(forge(SMALL, states)).keys() == {12, 13}


def test_a_state_that_the_receipt_does_not_commit_to_proves_nothing() -> None:
    """Else anybody could make an honest receipt look false by handing in a spoilt state."""
    spoilt = bytes(len(small().states[4]))
    with pytest.raises(InvalidSegment) as refused:
        verify_receipt(small().receipt, Segment(5, spoilt))
    assert str(refused.value) == "the state is not the one that the receipt has before segment 5"


@pytest.mark.parametrize("number", [0, 26])
def test_there_are_25_segments(number: int) -> None:
    for ask in (
        lambda: small().segment(number),
        lambda: verify_receipt(small().receipt, Segment(number, b"")),
    ):
        with pytest.raises(InvalidSegment) as refused:
            ask()
        assert str(refused.value) == f"a job has the segments 1 to 25, not {number}"


def test_a_job_without_its_model_or_with_another_one_is_refused() -> None:
    digest = trained().receipt.result
    for spec in (FineTune(base=digest, dataset="digits"), Infer(base=digest)):
        with pytest.raises(InvalidBase) as refused:
            run_job(spec)
        assert str(refused.value) == f"the job begins with the model {digest}, which was not given"
        with pytest.raises(InvalidBase) as refused:
            run_job(spec, b"other")
        other = blake2b_256(b"other").hex()
        assert str(refused.value) == f"the job begins with the model {digest}, and the given one is {other}"


def test_a_model_of_another_size_is_refused() -> None:
    digest = trained().receipt.result
    with pytest.raises(InvalidBase) as refused:
        run_job(Infer(base=digest, hidden=8), base())
    assert str(refused.value) == (
        f"the model {digest} does not fit the job: a model of 8 hidden units has 2440 bytes, not 19240"
    )


def test_a_training_takes_no_model() -> None:
    with pytest.raises(InvalidBase) as refused:
        run_job(SMALL, b"model")
    assert str(refused.value) == "a training starts from its seed and takes no model; fine_tune does"
