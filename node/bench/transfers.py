"""What a transfer costs, against the cost of verifying its signature alone; both in one run, block by block
in turn.

    total       decode, verify, six extensions, dispatch, events encoded, both roots, one synced RocksDB batch
    exec_root   the same without verification, extrinsics root and database
    verify_only the verification call over the same signatures, and nothing else

Times are CPU times, per transfer, the median over the rounds: they hold on a machine that others use too. The
total is that of the whole process, since the database writes in threads of its own; all that has no database
in it is that of the one thread, which leaves out what the database still does with the block before. With
the verifier process it is the wall clock, for both sides of the ratio, since two processors share the work.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from node.bench.world import World, world
from node.mempool.validate import proof_of
from node.mempool.verifier import CHUNK_MAX, Ticket, VerifiedSet, Verifier
from runtime.crypto.hashing import blake2b_256
from runtime.executive.extrinsic import Extrinsic, Proof, verify
from runtime.state.states import ChangeSet
from runtime.testing import Trusting
from runtime.trie import StateVersion, ordered_trie_root
from runtime.trie.branch import encoding_of, ids_of
from runtime.trie.node import encode_leaf

ROUNDS: Final = 7
WARM_UP: Final = 2
MICROSECONDS: Final = 1e6
PIPELINE_BLOCKS: Final = 5
CHUNKS_AHEAD: Final = 12
"""How many chunks of signatures the process is given ahead of execution."""


@dataclass(slots=True)
class Samples:
    """One figure a round, in microseconds per transfer."""

    verify_only: list[float] = field(default_factory=list[float])
    verify_wall: list[float] = field(default_factory=list[float])
    total: list[float] = field(default_factory=list[float])
    with_process: list[float] = field(default_factory=list[float])
    exec_root: list[float] = field(default_factory=list[float])
    root: list[float] = field(default_factory=list[float])
    floor: list[float] = field(default_factory=list[float])


def bench_transfers(
    accounts: int, block: int, folder: Path, *, rounds: int = ROUNDS, progress: Callable[[str], None]
) -> dict[str, float | int]:
    """Run the benchmark; the figures by their names."""
    progress(f"making a chain with {accounts:,} accounts")
    with world(accounts, folder) as chain_world, Verifier() as verifier:
        samples = Samples()
        for number in range(WARM_UP + rounds):
            progress(f"round {number + 1} of {WARM_UP + rounds}")
            _round(chain_world, block, verifier, samples if number >= WARM_UP else Samples())
    verify_only, total = statistics.median(samples.verify_only), statistics.median(samples.total)
    with_process = statistics.median(samples.with_process)
    return {
        "verify_only_us": round(verify_only, 2),
        "total_us": round(total, 2),
        "ratio": round(verify_only / total, 3),
        "ratio_with_verifier_process": round(statistics.median(samples.verify_wall) / with_process, 3),
        "exec_root_us": round(statistics.median(samples.exec_root), 2),
        "root_us": round(statistics.median(samples.root), 2),
        "root_hash_floor_us": round(statistics.median(samples.floor), 2),
        "accounts": accounts,
    }


def bench_scale(folder: Path, *, progress: Callable[[str], None], rounds: int = ROUNDS) -> dict[str, float]:
    """What a transfer costs with ten thousand accounts and with a million, in turn."""
    block, small, large = 2_000, 10_000, 1_000_000
    progress(f"making chains with {small:,} and {large:,} accounts: minutes")
    with world(small, folder) as one, world(large, folder) as other:
        times: dict[int, list[float]] = {small: [], large: []}
        for number in range(WARM_UP + rounds):
            progress(f"round {number + 1} of {WARM_UP + rounds}")
            for accounts, each in ((small, one), (large, other)):
                took = _time(_whole_block, each, each.transfers(block)) / block
                if number >= WARM_UP:
                    times[accounts].append(took)
    cheap, dear = statistics.median(times[small]), statistics.median(times[large])
    return {"us_10k": round(cheap, 2), "us_1m": round(dear, 2), "ratio": round(dear / cheap, 3)}


def _round(each: World, count: int, verifier: Verifier, into: Samples) -> None:
    raws = each.transfers(count)
    gc.collect()
    extrinsics = [each.runtime.decode(raw) for raw in raws]
    items = proofs(each, extrinsics)
    wall, started = time.perf_counter(), time.thread_time()
    _verify_all(items)
    into.verify_only.append((time.thread_time() - started) * MICROSECONDS / count)
    into.verify_wall.append((time.perf_counter() - wall) * MICROSECONDS / count)
    into.total.append(_time(_whole_block, each, raws) / count)
    _exec_root(each, each.transfers(count), into)
    into.with_process.append(
        _pipeline(each, verifier, [each.transfers(count) for _ in range(PIPELINE_BLOCKS)])
    )


def _time(work: Callable[..., None], *given: object) -> float:
    started = time.process_time()
    work(*given)
    return (time.process_time() - started) * MICROSECONDS


def _verify_all(items: Sequence[Proof]) -> None:
    for kind, public, message, signature in items:
        assert verify(kind, public, message, signature)


def _whole_block(each: World, raws: Sequence[bytes]) -> None:
    builder = each.begin(each.chain.best, ())
    for raw in raws:
        builder.apply(raw)
    each.finalize(builder.finish())


def _exec_root(each: World, raws: Sequence[bytes], into: Samples) -> None:
    count = len(raws)
    gc.collect()
    builder = each.begin(each.chain.best, Trusting())
    started = time.thread_time()
    for raw in raws:
        builder.apply(raw)
    built = builder.finish()
    done = time.thread_time()
    ordered_trie_root(built.block.extrinsics, StateVersion.V0)
    extrinsics_root = time.thread_time() - done
    into.exec_root.append((done - started - extrinsics_root) * MICROSECONDS / count)
    again = time.thread_time()
    builder.overlay.commit()
    into.root.append((time.thread_time() - again) * MICROSECONDS / count)
    assert isinstance(built.state, ChangeSet)
    into.floor.append(_hash_floor(built.state) / count)
    each.finalize(built)


def _hash_floor(state: ChangeSet) -> float:
    """The time to hash once each node that the block made and each value that stands by its digest, and
    nothing else.
    """
    assert state.trie is not None
    leaves, inline_max = state.trie.leaves, state.states.version.inline_max
    buffers: list[bytes] = []
    for branch in state.trie.branches.values():
        buffers.append(encoding_of(branch))
        for key, value in [leaves[id] for id in ids_of(branch) if id in leaves]:
            buffers.append(encode_leaf(key, branch[0].depth + 1, value, inline_max))
            if len(value) > inline_max:
                buffers.append(value)
    started = time.thread_time()
    for buffer in buffers:
        blake2b_256(buffer)
    return (time.thread_time() - started) * MICROSECONDS


def _pipeline(each: World, verifier: Verifier, blocks: list[list[bytes]]) -> float:
    """The blocks one after the other, the signatures of what comes next verified in the process meanwhile."""
    gc.collect()
    started = time.perf_counter()
    verified = VerifiedSet(1 << 16)
    ahead = _verified_ahead(each, verifier, verified, [raw for block in blocks for raw in block])
    for block in blocks:
        builder = each.begin(each.chain.best, verified)
        for extrinsic in islice(ahead, len(block)):
            builder.apply_extrinsic(extrinsic)
        each.finalize(builder.finish())
    return (time.perf_counter() - started) * MICROSECONDS / sum(map(len, blocks))


def _verified_ahead(
    each: World, verifier: Verifier, verified: VerifiedSet, raws: Sequence[bytes]
) -> Iterator[Extrinsic]:
    """The extrinsics in order, each when its signature is known to hold; the process is kept busy with those
    that follow.
    """
    on_the_way: deque[tuple[list[Extrinsic], list[Proof], Ticket]] = deque()
    for start in range(0, len(raws) + CHUNKS_AHEAD * CHUNK_MAX, CHUNK_MAX):
        chunk = raws[start : start + CHUNK_MAX]
        if chunk:
            extrinsics = [each.runtime.decode(raw) for raw in chunk]
            found = proofs(each, extrinsics)
            on_the_way.append((extrinsics, found, verifier.submit(found)))
        if start >= CHUNKS_AHEAD * CHUNK_MAX and on_the_way:
            extrinsics, found, ticket = on_the_way.popleft()
            for good, proof in zip(verifier.collect(ticket), found, strict=True):
                assert good
                verified.add(proof)
            yield from extrinsics


def proofs(each: World, extrinsics: Sequence[Extrinsic]) -> list[Proof]:
    """What must be verified of each extrinsic."""
    best = each.chain.best
    validator = each.runtime.validator(best.state, best.header)
    found = [proof_of(validator, extrinsic) for extrinsic in extrinsics]
    return [proof for proof in found if proof is not None]
