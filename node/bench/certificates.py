"""What it costs to be convinced by a certificate of four validators, and by one of a hundred, in turn.

Both are what a node receives: bytes, of a statement that it has not seen, signed by the least quorum, held
against a committee whose keys were decoded when its epoch began. Times are processor times of the process.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Final

from node.bench.transfers import MICROSECONDS, WARM_UP
from node.consensus.certificates import BLS, Keys, assemble
from node.wallet.bls import BlsKeypair
from runtime.crypto.bls import ORDER
from runtime.crypto.hashing import blake2b_256
from runtime.scale import codec_of
from runtime.simplex import Certificate, Committee, Kind, Statement, Validator, claimed_signers, message

FEW: Final = 4
MANY: Final = 100
PER_ROUND: Final = 20
"""Certificates of each size a round; the round's figure is their median."""
GENESIS_HASH: Final = blake2b_256(b"the benchmark's genesis")


def bench_certificates(*, rounds: int, progress: Callable[[str], None]) -> dict[str, float]:
    """Run the benchmark; the figures by their names."""
    progress(f"making the keys of {MANY} validators")
    pairs = [BlsKeypair.from_suri(f"//{place}") for place in range(MANY)]
    times: dict[int, list[float]] = {FEW: [], MANY: []}
    boards = {size: _Board(pairs[:size]) for size in times}
    for number in range(WARM_UP + rounds):
        progress(f"round {number + 1} of {WARM_UP + rounds}")
        taken: dict[int, list[float]] = {FEW: [], MANY: []}
        for view in range(1 + number * PER_ROUND, 1 + (number + 1) * PER_ROUND):
            for size, board in boards.items():
                taken[size].append(board.time(view))
        if number >= WARM_UP:
            for size, each in taken.items():
                times[size].append(statistics.median(each))
    few, many = statistics.median(times[FEW]), statistics.median(times[MANY])
    return {"us_4": round(few, 1), "us_100": round(many, 1), "ratio": round(many / few, 3)}


class _Board:
    """A committee, its secrets, and its decoded keys."""

    def __init__(self, pairs: list[BlsKeypair]) -> None:
        account, network = bytes(32), bytes(32)
        self.pairs = pairs
        self.committee = Committee(1, tuple(Validator(account, pair.public, network, 1) for pair in pairs))
        self.keys: Keys = BLS.keys(self.committee)

    def time(self, view: int) -> float:
        """The microseconds that a new certificate takes."""
        encoded = codec_of(Certificate).encode(self._certificate(view))
        started = time.process_time()
        certificate = codec_of(Certificate).decode(encoded)
        signers = claimed_signers(self.committee, certificate)
        text = message(GENESIS_HASH, certificate.statement)
        holds = self.keys.sum_holds(signers, text, certificate.signature)
        taken = (time.process_time() - started) * MICROSECONDS
        assert holds
        return taken

    def _certificate(self, view: int) -> Certificate:
        """Signed by the first who are a quorum, with the sum of their secrets: one product, not many."""
        size = self.committee.size
        statement = Statement(Kind.Finalize, 1, view, view - 1, blake2b_256(b"%d of %d" % (view, size)))
        signers = range(self.committee.quorum)
        together = BlsKeypair.from_secret(sum(self.pairs[each].secret for each in signers) % ORDER)
        return assemble(self.committee, statement, signers, together.sign(message(GENESIS_HASH, statement)))
