"""The verifier: which votes and certificates hold, found out once each, in a thread beside the node.

Votes of one statement are checked together, and halved where the whole does not hold, so that a bad one costs
a few checks more and its signer is known. The pairings leave the interpreter to others while they run.

Work is done one piece after the other. Whoever brings what another has brought before, even a moment ago,
finds the answer waiting.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncGenerator, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

import trio

from node.consensus.certificates import BLS, WEIGHT_BITS, Keys, Scheme, assemble
from runtime.simplex import BadCertificate, Certificate, Committee, Statement, Vote, message
from runtime.simplex.certificate import claimed_signers

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

COMMITTEES_MAX: Final = 8
"""Committees whose keys are kept decoded: the epochs around the present one, or around where a sync is."""
WAITING_MAX: Final = 256
"""Callers that wait for their turn."""
GOOD_MAX: Final = 1 << 15
"""Votes that are known to hold: those of 128 validators on three statements a view, for 85 views."""
BAD_MAX: Final = 1 << 10
"""Votes and certificates that are known not to hold: each costs its sender his reputation."""
CERTIFICATES_MAX: Final = 1 << 11
"""Certificates that are known to hold."""


class UnknownEpoch(Exception):
    """A vote or certificate of an epoch whose committee was not enrolled, or long ago."""

    def __init__(self, epoch: int) -> None:
        super().__init__(f"the committee of epoch {epoch} is not enrolled: enroll it before its votes arrive")
        self.epoch = epoch


class Overloaded(Exception):
    """More callers wait than may."""

    def __init__(self) -> None:
        super().__init__(f"{WAITING_MAX} callers wait for the verifier already: bound what is in flight")


class Verdict(NamedTuple):
    """What became of votes that were checked together."""

    good: tuple[int, ...]
    """The signers of those that hold."""
    aggregate: bytes | None
    """The sum of the good signatures; None when there is none."""
    bad: tuple[int, ...]
    """The signers in whose name the others were brought."""


class Verifier(Protocol):
    """What the node asks about signatures."""

    def enroll(self, committee: Committee) -> None:
        """Learn an epoch's committee, whose keys have proven their possession."""
        ...

    async def vote(self, vote: Vote) -> bool:
        """Whether a vote is its signer's. Raises UnknownEpoch and Overloaded, as the others do."""
        ...

    async def votes(self, statement: Statement, votes: Sequence[Vote]) -> Verdict:
        """Which of the votes, all of one statement and each of another signer, hold."""
        ...

    async def certificate(self, certificate: Certificate) -> bool:
        """Whether a quorum of its epoch's committee made the certificate's statement."""
        ...


class Known(Generic[K]):
    """What was found, bounded: what was looked up or added last stays."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: dict[K, None] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item: K) -> bool:
        if item not in self._items:
            return False
        self.add(item)
        return True

    def add(self, item: K) -> None:
        self._items.pop(item, None)
        self._items[item] = None
        if len(self._items) > self._most:
            del self._items[next(iter(self._items))]


class InlineVerifier:
    """Verifies where it is called: for simulations, and wherever a thread is not worth its while."""

    def __init__(
        self, genesis_hash: bytes, *, scheme: Scheme = BLS, dice: Callable[[int], int] = secrets.randbits
    ) -> None:
        """`dice` gives a number of so many bits that no signer could foresee."""
        self._genesis_hash = genesis_hash
        self._scheme = scheme
        self._dice = dice
        self._turns = trio.Lock()
        self._committees: dict[int, tuple[Committee, Keys]] = {}
        self._good: Known[Vote] = Known(GOOD_MAX)
        self._bad: Known[Vote | Certificate] = Known(BAD_MAX)
        self._certificates: Known[Certificate] = Known(CERTIFICATES_MAX)

    def enroll(self, committee: Committee) -> None:
        known = self._committees.pop(committee.epoch, None)
        assert known is None or known[0] == committee, "an epoch has one committee"
        self._committees[committee.epoch] = known or (committee, self._scheme.keys(committee))
        if len(self._committees) > COMMITTEES_MAX:
            del self._committees[next(iter(self._committees))]

    async def vote(self, vote: Vote) -> bool:
        async with self._turn(vote.statement) as (committee, keys):
            if not self._is_open(vote, committee):
                return vote in self._good
            text = message(self._genesis_hash, vote.statement)
            holds = await self._do(partial(keys.vote_holds, vote.signer, text, vote.signature))
            (self._good if holds else self._bad).add(vote)
            return holds

    async def votes(self, statement: Statement, votes: Sequence[Vote]) -> Verdict:
        assert all(vote.statement == statement for vote in votes)
        assert len({vote.signer for vote in votes}) == len(votes)
        async with self._turn(statement) as (committee, keys):
            known = [vote for vote in votes if vote in self._good]
            new = [vote for vote in votes if self._is_open(vote, committee)]
            weights = [self._dice(WEIGHT_BITS) | 1 for _ in new]
            text = message(self._genesis_hash, statement)
            good, aggregate = await self._do(partial(self._check, keys, text, known, new, weights))
            signers = tuple(sorted(vote.signer for vote in good))
            for vote in votes:
                (self._good if vote.signer in signers else self._bad).add(vote)
            if aggregate is not None and committee.weight_of(signers) >= committee.quorum:
                self._certificates.add(assemble(committee, statement, signers, aggregate))
            return Verdict(signers, aggregate, tuple(sorted({vote.signer for vote in votes} - {*signers})))

    async def certificate(self, certificate: Certificate) -> bool:
        statement = certificate.statement
        async with self._turn(statement) as (committee, keys):
            if certificate in self._certificates:
                return True
            if certificate in self._bad:
                return False
            try:
                signers = claimed_signers(committee, certificate)
            except BadCertificate:
                return False
            text = message(self._genesis_hash, statement)
            holds = await self._do(partial(keys.sum_holds, signers, text, certificate.signature))
            (self._certificates if holds else self._bad).add(certificate)
            return holds

    def _is_open(self, vote: Vote, committee: Committee) -> bool:
        """Whether it takes the signature to tell."""
        is_known = vote in self._good or vote in self._bad
        return not is_known and vote.statement.is_canonical and vote.signer < committee.size

    @asynccontextmanager
    async def _turn(self, statement: Statement) -> AsyncGenerator[tuple[Committee, Keys]]:
        if self._turns.statistics().tasks_waiting >= WAITING_MAX:
            raise Overloaded
        async with self._turns:
            known = self._committees.get(statement.epoch)
            if known is None:
                raise UnknownEpoch(statement.epoch)
            yield known

    async def _do(self, job: Callable[[], T]) -> T:
        return job()

    def _check(
        self, keys: Keys, text: bytes, known: Sequence[Vote], new: Sequence[Vote], weights: Sequence[int]
    ) -> tuple[list[Vote], bytes | None]:
        """The votes that hold, those that are known to and those of `new` that do, and their sum."""
        good = [*known, *sift(keys, text, new, weights)]
        return good, self._scheme.aggregate([vote.signature for vote in good]) if good else None


class ThreadVerifier(InlineVerifier):
    """Verifies in a thread, one piece of work at a time."""

    cpu_seconds: float = 0.0
    """The processor time that signatures have taken so far."""

    async def _do(self, job: Callable[[], T]) -> T:
        answer, seconds = await trio.to_thread.run_sync(partial(_timed, job))
        self.cpu_seconds += seconds
        return answer


def sift(keys: Keys, text: bytes, votes: Sequence[Vote], weights: Sequence[int]) -> list[Vote]:
    """The votes that hold, in order: checked as a whole, and by halves where the whole does not hold."""
    if len(votes) <= 1:
        return [vote for vote in votes if keys.vote_holds(vote.signer, text, vote.signature)]
    signers, signatures = [vote.signer for vote in votes], [vote.signature for vote in votes]
    if keys.votes_hold(signers, text, signatures, weights):
        return list(votes)
    half = len(votes) // 2
    return sift(keys, text, votes[:half], weights[:half]) + sift(keys, text, votes[half:], weights[half:])


def _timed(job: Callable[[], T]) -> tuple[T, float]:
    started = time.thread_time()
    return job(), time.thread_time() - started
