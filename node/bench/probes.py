"""What it costs a chain to verify a window of a thousand units, at the size of probe that chains have.

    post      each unit posts its root
    verify    the draw, the openings of those that it draws, and the count

Nobody looks at the roots of units that the draw passes over, so theirs are noise; those that it draws have
really multiplied. Who they are is known before the window opens, for the beacon of a development chain is its
author's, and the author is here.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from genesis.seats import POSITIONS, Timing
from node.bench.coins import ROOT, Busy, coin_runtime, genesis_of
from node.economy.agents import leaves_of
from node.economy.chain import AUTHOR, Chain, accounts
from node.memory import settle_collector
from node.provider.challenge import Work
from pallets.attestation import Attestation
from pallets.attestation.types import Leaf, Phase, Stage, Window
from pallets.attestation.windows import is_lot
from pallets.beacon import DevBeacon, dev_message
from runtime.crypto.hashing import blake2b_256
from runtime.types import AccountId, BlockNumber

UNITS: Final = 1_000
TIMING: Final = Timing(blocks_per_hour=1, commit_blocks=10, open_blocks=10)
"""A block an hour, so that a window opens soon."""
BLOCKS_MAX: Final = 500
"""A window opens sooner, if not by a chance below 10^-18."""
UNIT: Final = 0
"""The number of everybody's only unit."""
Works = Mapping[AccountId, Work]


def bench_window() -> dict[str, float | int]:
    """Let one window pass; the figures by their names."""
    issuers = accounts("provider", UNITS)
    chain = Busy(coin_runtime(TIMING), genesis_of(issuers, ()), ROOT)
    attestation = chain[Attestation]
    window = _opened(chain, attestation)
    challenge = beacon_at(chain, window.commit_until)
    works = {
        who: Work(attestation.task_of(window, who, UNIT))
        for who in issuers
        if is_lot(challenge, who, UNIT, attestation.drawn_ppb)
    }
    settle_collector()
    posting = _time(lambda: _post(chain, attestation, works, issuers))
    empty = statistics.median(_time(chain.seal) for _ in range(window.commit_until - chain.number - 1))
    drawing = _time(chain.seal) - empty
    answers = _answers(attestation, works, challenge)
    opening = _time(lambda: _open(chain, attestation, answers))
    last_block = _closes_at(attestation)
    while chain.number < last_block - 1:
        chain.seal()
    counting = _time(chain.seal) - empty
    assert attestation.window is None, "the window was not counted in one block"
    last = attestation.last
    assert last is not None and (last.units, last.missed, last.is_counted) == (UNITS, 0, True), last
    return {
        "window_units": UNITS,
        "window_openings": len(answers),
        "window_post_s": round(posting, 3),
        "window_draw_s": round(drawing, 3),
        "window_openings_s": round(opening, 3),
        "window_count_s": round(counting, 3),
        "window_verify_s": round(drawing + opening + counting, 3),
    }


def beacon_at(chain: Chain, number: int) -> bytes:
    """What the beacon will be in a block to come."""
    value = chain[DevBeacon].value
    for height in range(chain.number + 1, number + 1):
        signed = dev_message(chain.genesis_hash, height, value)
        value = blake2b_256(value + AUTHOR.sign(signed).signature)
    return value


def _opened(chain: Chain, attestation: Attestation) -> Window:
    for _ in range(BLOCKS_MAX):
        if attestation.window is not None:
            return attestation.window
        chain.seal()
    raise AssertionError(f"no window has opened in {BLOCKS_MAX} blocks")


def _closes_at(attestation: Attestation) -> BlockNumber:
    assert attestation.window is not None, "the window is over already"
    return attestation.window.closes_at


def _post(chain: Busy, attestation: Attestation, works: Works, issuers: Sequence[AccountId]) -> None:
    for who in issuers:
        root = works[who].root if who in works else blake2b_256(who)
        chain.do(who, attestation.commit.call(UNIT, root))
    chain.seal()


def _answers(attestation: Attestation, works: Works, challenge: bytes) -> dict[AccountId, tuple[Leaf, ...]]:
    """What those who are drawn have to open."""
    window = attestation.window
    assert window is not None and (window.phase, window.challenge) == (Phase.Opening, challenge)
    drawn = [who for who in works if attestation.commitments[window.number, who, UNIT].stage == Stage.Drawn]
    assert len(drawn) == attestation.tally.drawn, "the draw was not what was foreseen"
    return {who: leaves_of(works[who].answer(challenge, POSITIONS)) for who in drawn}


def _open(chain: Busy, attestation: Attestation, answers: dict[AccountId, tuple[Leaf, ...]]) -> None:
    for who, leaves in answers.items():
        chain.do(who, attestation.open.call(UNIT, leaves))
    chain.seal()


def _time(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
