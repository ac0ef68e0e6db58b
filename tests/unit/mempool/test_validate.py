"""The mempool around the pool: decoding, proofs, judgements, watches, over a runtime of a few lines."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, cast

import pytest
import trio

from node.mempool.errors import PoolRefusal
from node.mempool.events import Event, Finalized, Future, InBlock, Invalid, Ready, Retracted, Usurped
from node.mempool.validate import Everything, Head, Mempool, proof_of
from node.mempool.verifier import Verifier
from runtime.crypto.hashing import blake2b_256
from runtime.executive.extrinsic import ED25519, Extrinsic, Proof
from runtime.frame.validity import AncientBirthBlock, CannotLookupSigner, Payment, ValidTransaction
from support.smallchain import ALICE, BOB, SmallChain, signed


class Counting(Verifier):
    """Counts what it is asked, and may be held."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.gate = trio.Event()
        self.gate.set()

    async def verify(self, items: Any) -> list[bool]:
        self.asked += len(items)
        await self.gate.wait()
        return await super().verify(items)


@pytest.fixture
def chain() -> SmallChain:
    return SmallChain()


@pytest.fixture
def verifier() -> Counting:
    return Counting()


@pytest.fixture
def mempool(chain: SmallChain, verifier: Counting) -> Mempool:
    return Mempool(chain.head, verifier)


async def refusal(mempool: Mempool, data: bytes) -> tuple[int, str, str | None]:
    with pytest.raises(PoolRefusal) as refused:
        await mempool.submit(data)
    return refused.value.code, refused.value.message, refused.value.data


async def test_a_valid_one_is_verified_once_and_enters(mempool: Mempool, verifier: Counting) -> None:
    for who in (ALICE, BOB):
        data = signed(0, who)
        assert await mempool.submit(data) == blake2b_256(data)
    assert [each.data for each in mempool.pool.best_first()] == [signed(0, ALICE), *mempool_data(mempool)[1:]]
    assert verifier.asked == 2
    assert len(mempool.verified) == 2
    assert {each.sender for each in mempool.pool.best_first()} == {ALICE.public, BOB.public}


def mempool_data(mempool: Mempool) -> list[bytes]:
    return [each.data for each in mempool.pool.best_first()]


async def test_what_is_no_extrinsic(mempool: Mempool) -> None:
    assert await refusal(mempool, b"\x01") == (
        1001,
        "Extrinsic has invalid format",
        "needs 99 bytes, 1 remain, at byte 0",
    )


async def test_a_bad_signature_is_refused_once_and_then_banned(mempool: Mempool, chain: SmallChain) -> None:
    bad = signed(0, payload=b"something else")
    assert await refusal(mempool, bad) == (1010, "Invalid Transaction", "Transaction has a bad signature")
    assert await refusal(mempool, bad) == (1012, "Transaction is temporarily banned", None)
    assert (chain.judged, len(mempool.verified)) == (0, 0)


async def test_what_the_runtime_refuses_may_come_again(mempool: Mempool, chain: SmallChain) -> None:
    data = signed(0)
    chain.refusal = Payment()
    why = "Inability to pay some fees (e.g. account balance too low)"
    assert await refusal(mempool, data) == (1010, "Invalid Transaction", why)
    chain.refusal = CannotLookupSigner()
    unknown = "Could not lookup information required to validate the transaction"
    assert await refusal(mempool, data) == (1011, "Unknown Transaction Validity", unknown)
    chain.refusal = AncientBirthBlock()
    assert (await refusal(mempool, data))[2] == "Transaction has an ancient birth block"
    chain.refusal = None
    await mempool.submit(data)
    assert await refusal(mempool, data) == (
        1013,
        "Transaction Already Imported",
        "0x" + blake2b_256(data).hex(),
    )
    chain.nonces[ALICE.public] = 2
    assert await refusal(mempool, signed(1)) == (1010, "Invalid Transaction", "Transaction is outdated")


async def test_a_bug_of_the_runtime_is_no_refusal(mempool: Mempool, chain: SmallChain) -> None:
    chain.refusal = ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError, match="a bug"):
        await mempool.submit(signed(0))


async def test_the_judgement_is_of_the_block_that_is_best_when_the_proof_is_known(
    mempool: Mempool, chain: SmallChain, verifier: Counting
) -> None:
    verifier.gate = trio.Event()
    refused: list[object] = []

    async def late() -> None:
        refused.append(await refusal(mempool, signed(0)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(late)
        await trio.testing.wait_all_tasks_blocked()
        chain.nonces[ALICE.public] = 1
        verifier.gate.set()
    assert refused == [(1010, "Invalid Transaction", "Transaction is outdated")]


async def test_the_same_bytes_twice_at_once_enter_once(mempool: Mempool, verifier: Counting) -> None:
    verifier.gate = trio.Event()
    outcomes: list[object] = []

    async def enter() -> None:
        try:
            outcomes.append(await mempool.submit(signed(0)))
        except PoolRefusal as refused:
            outcomes.append(refused.code)

    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(enter)
        await trio.testing.wait_all_tasks_blocked()
        verifier.gate.set()
    assert sorted(outcomes, key=str) == sorted([1013, blake2b_256(signed(0))], key=str)


async def test_a_watch_tells_everything_up_to_the_final_event(mempool: Mempool, chain: SmallChain) -> None:
    first, second = signed(0), signed(1)
    with mempool.watch(blake2b_256(second)) as watch:
        await mempool.submit(second)
        await mempool.submit(first)
        chain.number = 2
        chain.nonces[ALICE.public] = 2
        mempool.on_block(b"B", 2, [b"an inherent", first, second])
        mempool.finalize(b"B")
        told = [event async for event in watch]
    identity = blake2b_256(second)
    assert told == [
        Future(identity),
        Ready(identity),
        InBlock(identity, b"B", 2),
        Finalized(identity, b"B", 2),
    ]
    assert len(mempool.watchers) == 0


async def test_a_watch_that_is_not_read_ends(mempool: Mempool) -> None:
    with mempool.watch(b"x") as watch:
        mempool.watchers.publish([Ready(b"x")] * 65)
        assert len([event async for event in watch]) == 64
    assert len(mempool.watchers) == 0


async def test_a_strangers_block_makes_ours_outdated(mempool: Mempool, chain: SmallChain) -> None:
    ours, next_one = signed(0, tip=1), signed(1)
    theirs = signed(0, tip=2)
    await mempool.submit(ours)
    await mempool.submit(next_one)
    with mempool.watch(blake2b_256(ours)) as watch:
        parent = Head(1, chain.decode, Trusting(chain))
        mempool.on_block(b"B", 2, [b"an inherent", theirs], parent)
        assert [event async for event in watch] == [Usurped(blake2b_256(ours), blake2b_256(theirs))]
    assert mempool_data(mempool) == [next_one]


class Trusting:
    """A validator that checks that a block's proofs are not asked for again."""

    def __init__(self, chain: SmallChain) -> None:
        self._chain = chain

    def payload(self, extrinsic: Extrinsic) -> bytes:
        return self._chain.payload(extrinsic)

    def validate(self, extrinsic: Extrinsic, *, verified: Container[Proof] = ()) -> ValidTransaction:
        assert isinstance(verified, Everything)
        return self._chain.validate(extrinsic, verified=verified)


async def test_a_retracted_block_gives_back_what_is_still_valid(mempool: Mempool, chain: SmallChain) -> None:
    kept, lost, waiting = signed(0), signed(0, BOB), signed(1)
    for data in (kept, lost, waiting):
        await mempool.submit(data)
    chain.nonces[ALICE.public] = chain.nonces[BOB.public] = 1
    mempool.on_block(b"B", 2, [kept, lost])
    chain.nonces[ALICE.public] = 0
    told: dict[bytes, list[Event]] = {}
    with mempool.watch(blake2b_256(kept)) as first, mempool.watch(blake2b_256(lost)) as second:
        await mempool.retract(b"B")
        mempool.remove_invalid(blake2b_256(kept), "the end of this test")
        told = {kept: [event async for event in first], lost: [event async for event in second]}
    identity = blake2b_256(kept)
    assert told[kept] == [
        Retracted(identity, b"B"),
        Ready(identity),
        Invalid(identity, "the end of this test"),
    ]
    identity = blake2b_256(lost)
    reason = "1010: Invalid Transaction: Transaction is outdated"
    assert told[lost] == [Retracted(identity, b"B"), Invalid(identity, reason)]


async def test_what_waits_is_judged_anew_in_parts(mempool: Mempool, chain: SmallChain) -> None:
    for nonce in range(5):
        await mempool.submit(signed(nonce))
    assert mempool.revalidate(10) == 0
    chain.number, chain.nonces[ALICE.public] = 2, 2
    assert mempool.revalidate(3) == 3
    assert mempool_data(mempool) == [signed(nonce) for nonce in (2, 3, 4)]
    assert mempool.revalidate(10) == 0


async def test_a_new_runtime_asks_for_new_proofs(mempool: Mempool, chain: SmallChain) -> None:
    """What was signed under another version is no longer proven, though the bytes are the same."""
    extrinsic = chain.decode(signed(0))
    await mempool.submit(signed(0))
    proof = proof_of(chain, extrinsic)
    assert proof is not None
    assert proof == (ED25519, ALICE.public, b"v1\0\0", signed(0)[35:])
    assert proof in mempool.verified
    chain.version = b"v2"
    proof = proof_of(chain, extrinsic)
    assert proof is not None
    assert proof not in mempool.verified


async def test_unsigned_ones_have_no_proof(chain: SmallChain) -> None:
    assert proof_of(chain, Extrinsic(b"", cast("Any", None), b"", None)) is None


async def test_the_author_sleeps_until_something_is_ready(mempool: Mempool) -> None:
    woken = trio.Event()

    async def author() -> None:
        await mempool.wait_ready()
        woken.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(author)
        await trio.testing.wait_all_tasks_blocked()
        await mempool.submit(signed(1))
        await trio.testing.wait_all_tasks_blocked()
        assert not woken.is_set()
        await mempool.submit(signed(0))
    assert woken.is_set()
    await mempool.wait_ready()
