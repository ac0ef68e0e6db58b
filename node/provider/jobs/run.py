"""Running a job and checking a receipt: a chain of digests over 26 states, any segment of which can be run
again.

The chain is c_0 = H(job || H(s_0)) and c_k = H(c_(k-1) || H(s_k)), where s_k is the state after segment k
and H is blake2b-256. To check segment k one needs the receipt and the state s_(k-1): the chain proves that
this is the state that the provider had, running the segment gives s_k, and the chain must lead to c_k.
Checking one of 25 random segments costs a twenty-fifth of the work, and a provider who did not do a share f
of it is caught with a chance of f each time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from node.provider.jobs.network import InvalidState
from node.provider.jobs.program import Result, program_of
from node.provider.jobs.spec import CHECKPOINTS, Receipt, Spec, job_hash
from runtime.crypto.hashing import blake2b_256


class InvalidSegment(ValueError):
    """A segment that proves nothing about the receipt: no such place, or not the state that the receipt
    commits to.
    """


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a run: its number, and the state before it."""

    number: int
    """From 1 to 25."""
    state: bytes


class Finding(Enum):
    """What running a segment again shows."""

    MATCH = "match"
    WRONG_START = "mismatch: the run does not begin where its specification says"
    WRONG_STATE = "mismatch: the segment does not lead to the receipt's checkpoint"
    WRONG_RESULT = "mismatch: the last state does not have the receipt's result and accuracy"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The finding on one segment; everything but `MATCH` proves that the provider's receipt is false."""

    segment: int
    finding: Finding

    @property
    def matches(self) -> bool:
        """Whether the segment is as the receipt says."""
        return self.finding is Finding.MATCH

    def __str__(self) -> str:
        return f"segment {self.segment}/{CHECKPOINTS} run again: {self.finding.value}"


@dataclass(frozen=True, slots=True)
class Finished:
    """A job that has been run: the receipt to deliver, and what disputes may ask for."""

    receipt: Receipt
    result: Result
    states: tuple[bytes, ...]
    """All 26 states, from the start to the end."""

    def segment(self, number: int) -> Segment:
        """The segment that a verifier asks for; raises `InvalidSegment` outside 1 to 25."""
        _check_number(number)
        return Segment(number, self.states[number - 1])


def _no_progress(checkpoint: int, digest: str) -> None:
    """Tell nobody."""


def run_job(
    spec: Spec, base: bytes | None = None, progress: Callable[[int, str], None] = _no_progress
) -> Finished:
    """Do the whole job and call `progress(checkpoint, digest)` after each segment.

    `base` is the model that fine-tuning and inference begin with. Raises `InvalidSpec` and `InvalidBase`.
    """
    job = job_hash(spec)
    program = program_of(spec)
    states = [program.start(base)]
    links = [_link(job, states[0])]
    for number in range(1, CHECKPOINTS + 1):
        states.append(program.advance(number, states[-1]))
        links.append(_link(links[-1], states[-1]))
        progress(number, links[-1].hex())
    result = program.finish(states[-1])
    receipt = Receipt(
        spec=spec,
        job=job.hex(),
        start=links[0].hex(),
        checkpoints=tuple(link.hex() for link in links[1:]),
        result=result.digest.hex(),
        correct=result.correct,
        total=result.total,
    )
    return Finished(receipt, result, tuple(states))


def verify_receipt(receipt: Receipt, segment: Segment) -> Verdict:
    """Run one segment again. The first also checks the start, and the last the result and the accuracy.

    Raises `InvalidSegment` if the state is not the one that the receipt commits to: then whoever gave it is
    at fault, and nothing is known about the run. Raises `InvalidSpec` for a specification out of its
    bounds.
    """
    _check_number(segment.number)
    job = job_hash(receipt.spec)
    links = [job, *(bytes.fromhex(link) for link in (receipt.start, *receipt.checkpoints))]
    if _link(links[segment.number - 1], segment.state) != links[segment.number]:
        raise InvalidSegment(f"the state is not the one that the receipt has before segment {segment.number}")
    return Verdict(segment.number, _find(receipt, segment, links[segment.number], links[segment.number + 1]))


def _find(receipt: Receipt, segment: Segment, before: bytes, after: bytes) -> Finding:
    """Compare one segment, whose state is known to be the provider's, with the receipt."""
    program = program_of(receipt.spec)
    try:
        if segment.number == 1 and not program.is_start(segment.state):
            return Finding.WRONG_START
        state = program.advance(segment.number, segment.state)
    except InvalidState:  # the provider committed to bytes that are no state of this job
        return Finding.WRONG_STATE
    if _link(before, state) != after:
        return Finding.WRONG_STATE
    if segment.number == CHECKPOINTS:
        result = program.finish(state)
        claimed = (receipt.result, receipt.correct, receipt.total)
        if (result.digest.hex(), result.correct, result.total) != claimed:
            return Finding.WRONG_RESULT
    return Finding.MATCH


def _link(before: bytes, state: bytes) -> bytes:
    return blake2b_256(before + blake2b_256(state))


def _check_number(number: int) -> None:
    if not 1 <= number <= CHECKPOINTS:
        raise InvalidSegment(f"a job has the segments 1 to {CHECKPOINTS}, not {number}")
