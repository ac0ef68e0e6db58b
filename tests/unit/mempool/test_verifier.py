"""The verifier process: right answers from both faces, whatever happens to the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import trio

from node.mempool.verifier import CHUNK_MAX, RESTARTS_MAX, VerifiedSet, Verifier
from node.mempool.worker import Item
from node.wallet.signer import Keypair


def items(count: int) -> tuple[list[Item], list[bool]]:
    """Signatures of both kinds, and which of them hold: every third one does not."""
    pairs = [Keypair.from_suri("//Alice", "ed25519"), Keypair.from_suri("//Alice", "sr25519")]
    signed: list[Item] = []
    for number in range(count):
        kind = number % 2
        message = b"message %d" % number
        signature = pairs[kind].sign(message)
        signed.append((kind, pairs[kind].public, message if number % 3 else message + b"!", signature))
    return signed, [number % 3 != 0 for number in range(count)]


SIGNED, HOLD = items(12)


@pytest.fixture
def verifier() -> Iterator[Verifier]:
    with Verifier() as started:
        assert started.pid is not None
        yield started


def test_submit_and_collect_in_any_order(verifier: Verifier) -> None:
    first, second, none = verifier.submit(SIGNED), verifier.submit(SIGNED[:5]), verifier.submit([])
    assert verifier.collect(second) == HOLD[:5]
    assert verifier.collect(first) == HOLD
    assert verifier.collect(none) == []


def test_many_are_cut_into_chunks_and_never_block(verifier: Verifier) -> None:
    """More than the pipe holds: a slow check of ed25519 alone would take seconds, so these fail early."""
    wrong: Item = (0, bytes(31), bytes(300), bytes(64))
    ticket = verifier.submit([wrong] * (CHUNK_MAX * 300 + 7))
    assert not any(verifier.collect(ticket))


def test_what_is_no_signature_does_not_hold(verifier: Verifier) -> None:
    kind, public, message, signature = SIGNED[1]
    for wrong in (
        (2, public, message, signature),
        (7, public, message, signature),
        (kind, b"", message, signature),
        (kind, public, message, b""),
        (kind, bytes(32), b"", bytes(64)),
    ):
        assert verifier.collect(verifier.submit([wrong])) == [False]


def test_without_a_process_the_answers_are_the_same() -> None:
    inline = Verifier()
    assert inline.pid is None
    assert inline.collect(inline.submit(SIGNED)) == HOLD


def test_a_killed_process_is_replaced_and_nothing_is_lost(
    verifier: Verifier, caplog: pytest.LogCaptureFixture
) -> None:
    before = verifier.pid
    assert before is not None
    ticket = verifier.submit(SIGNED * 50)
    os.kill(before, signal.SIGKILL)
    assert verifier.collect(ticket) == HOLD * 50
    assert verifier.pid not in (None, before)
    assert verifier.collect(verifier.submit(SIGNED)) == HOLD
    assert [record.getMessage() for record in caplog.records] == [
        "the verifier process ended with status -9; starting another"
    ]


def test_a_process_that_cannot_live_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    with Verifier(command=("-c", "raise SystemExit(3)")) as verifier:
        for _ in range(RESTARTS_MAX + 2):
            assert verifier.collect(verifier.submit(SIGNED)) == HOLD
        assert verifier.pid is None
    messages = [record.getMessage() for record in caplog.records]
    assert messages == ["the verifier process ended with status 3; starting another"] * RESTARTS_MAX + [
        "the verifier process ended with status 3; verifying in the node from now on"
    ]


def test_the_process_ignores_the_nodes_signals_and_ends_with_its_input(verifier: Verifier) -> None:
    pid = verifier.pid
    assert pid is not None
    assert verifier.collect(verifier.submit(SIGNED)) == HOLD
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGTERM)
    assert verifier.collect(verifier.submit(SIGNED)) == HOLD
    before = time.monotonic()
    verifier.close()
    assert time.monotonic() - before < 1.5
    assert not alive(pid)
    verifier.close()


def test_the_process_ends_when_the_node_is_killed() -> None:
    """`kill -9` leaves nothing behind."""
    script = (
        "import sys; from node.mempool.verifier import Verifier; v = Verifier(); v.start();"
        "v.collect(v.submit([(0, bytes(32), b'', bytes(64))])); print(v.pid, flush=True); sys.stdin.read()"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as node:
        assert node.stdout is not None
        pid = int(node.stdout.readline())
        assert alive(pid)
        node.kill()
        deadline = time.monotonic() + 5
        while alive(pid):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def alive(pid: int) -> bool:
    """True while the process runs: one that has ended and waits for its parent does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_many_tasks_ask_at_once() -> None:
    verifier = Verifier()
    answers: dict[int, list[bool]] = {}
    async with trio.open_nursery() as nursery:
        await nursery.start(verifier.run)

        async def ask(number: int) -> None:
            answers[number] = await verifier.verify([SIGNED[number % 12]])

        async with trio.open_nursery() as asking:
            for number in range(600):
                asking.start_soon(ask, number)
        assert await verifier.verify(SIGNED * 60) == HOLD * 60
        assert await verifier.verify([]) == []
        nursery.cancel_scope.cancel()
    assert [answers[number] for number in range(600)] == [[HOLD[number % 12]] for number in range(600)]
    assert verifier.pid is None


async def test_both_faces_share_the_process() -> None:
    verifier = Verifier()
    async with trio.open_nursery() as nursery:
        await nursery.start(verifier.run)
        answers: list[list[bool]] = []

        async def ask() -> None:
            answers.append(await verifier.verify(SIGNED))

        async with trio.open_nursery() as asking:
            asking.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            assert verifier.collect(verifier.submit(SIGNED[:6])) == HOLD[:6]
        assert answers == [HOLD]
        nursery.cancel_scope.cancel()


async def test_a_process_killed_under_waiting_tasks() -> None:
    verifier = Verifier()
    async with trio.open_nursery() as nursery:
        await nursery.start(verifier.run)
        pid = verifier.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        async with trio.open_nursery() as asking:

            async def ask() -> None:
                assert await verifier.verify(SIGNED * 100) == HOLD * 100

            for _ in range(3):
                asking.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            os.kill(pid, signal.SIGKILL)
        assert verifier.pid not in (None, pid)
        assert await verifier.verify(SIGNED) == HOLD
        nursery.cancel_scope.cancel()


async def test_a_cancelled_caller_harms_no_other() -> None:
    verifier = Verifier()
    async with trio.open_nursery() as nursery:
        await nursery.start(verifier.run)
        for _ in range(5):
            with trio.move_on_after(0):
                await verifier.verify(SIGNED)
            assert await verifier.verify(SIGNED) == HOLD
        nursery.cancel_scope.cancel()


def test_the_verified_set_forgets_the_oldest() -> None:
    verified = VerifiedSet(most=2)
    one, two, three = SIGNED[:3]
    for proof in (one, two, one, three):
        verified.add(proof)
    assert [proof in verified for proof in (one, two, three)] == [True, False, True]
    assert len(verified) == 2
