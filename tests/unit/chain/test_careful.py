"""A transaction that breaks an invariant is dropped and named, and no other one with it."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from node.chain.transaction import sign_transaction
from node.node import Node
from node.wallet.dev import dev_account
from node.wallet.signer import Keypair
from runtime.frame import Call
from runtime.scale import codec_of
from runtime.types.account import AccountInfo, Address
from support.fuzzing import world
from support.storage import ForgetfulDatabase

ALICE, BOB = dev_account("Alice"), dev_account("Bob")


@pytest.fixture
def node() -> Node:
    return world.node_over(ForgetfulDatabase())


def pallet(node: Node, name: str) -> Any:
    return node.runtime.pallets[name]


def signed(node: Node, call: Call, who: Keypair, nonce: int, tip: int = 0) -> bytes:
    return sign_transaction(node.runtime, node.chain.best, call, who, nonce, tip)


def theft(node: Node, tip: int = 0) -> bytes:
    """Root writes coins out of nothing: signed by Alice, first."""
    node.runtime.over(node.chain.best.state)
    account = pallet(node, "System").account[BOB.public]
    richer = account.replace(data=account.data.replace(free=account.data.free + 1))
    key = pallet(node, "System").account.key_of(BOB.public)
    write = pallet(node, "System").set_storage.call(((key, codec_of(AccountInfo).encode(richer)),))
    return signed(node, pallet(node, "Sudo").sudo.call(write), ALICE, 0, tip)


def transfer(node: Node, who: Keypair, to: Keypair, nonce: int) -> bytes:
    call = pallet(node, "Balances").transfer_keep_alive.call(Address(to.public), 10**9)
    return signed(node, call, who, nonce)


async def test_what_breaks_no_invariant_enters_the_block(
    node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    """Fees are on their way to their account until the block ends: no reason to drop who paid them."""
    bad = theft(node, tip=10**9)
    good = [transfer(node, BOB, ALICE, nonce) for nonce in range(2)]
    for raw in (bad, *good):
        await node.mempool.submit(raw)
    with caplog.at_level(logging.WARNING):
        block_hash = await node.sealer.seal()
    stored = node.chain.block(block_hash)
    assert stored is not None and list(stored.block.extrinsics[1:]) == good
    assert len(node.mempool.pool) == 0
    given_up, dropped = (record.getMessage() for record in caplog.records)
    assert given_up.startswith(
        "a block was given up: I1 is broken: S = sum of debts + O = sum of all balances"
    )
    assert given_up.endswith("; building it again, transaction by transaction")
    assert dropped.startswith("transaction 0x") and "is dropped: I1 is broken: " in dropped


def test_each_transaction_is_judged_as_if_the_block_ended_after_it(node: Node) -> None:
    """And nothing of that judgement stays: the block is the one that is built without it."""
    raws = [transfer(node, BOB, ALICE, 0), transfer(node, ALICE, BOB, 0), transfer(node, BOB, ALICE, 1)]
    careful = world.begin(node.chain.best)
    for raw in raws:
        careful.try_apply(raw)
    made = careful.finish()
    trusting = world.begin(node.chain.best)
    for raw in raws:
        trusting.apply(raw)
    assert made.block == trusting.finish().block
