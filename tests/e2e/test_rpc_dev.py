"""What a development chain lets its owner do, over a real socket; nothing goes around the chain's rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from node.chain.sealing import Every, Instant
from node.node import Node
from node.rpc.methods import registry
from runtime.frame.bound import storage_prefix
from runtime.scale import codec_of
from runtime.types.account import AccountInfo
from support.node import ALICE, BOB, COIN, Client, hexed, open_node, running, signed, transfer

NUMBER = hexed(storage_prefix("System", "Number"))
NOW = hexed(storage_prefix("Timestamp", "Now"))
REFUSED = 6100
FREE_KEY = "0x" + "ab" * 40
"""A key that no pallet knows."""


async def now_of(rpc: Client) -> int:
    return int.from_bytes(bytes.fromhex((await rpc.call("state_getStorage", NOW))[2:]), "little")


def account_key(node: Node, who: bytes) -> str:
    system: Any = node.runtime.pallets["System"]
    return hexed(system.account.key_of(who))


async def free(node: Node, rpc: Client, who: bytes) -> int:
    raw = await rpc.call("state_getStorage", account_key(node, who))
    return codec_of(AccountInfo).decode(bytes.fromhex(raw[2:])).data.free


async def test_blocks_are_sealed_when_asked(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        (first,) = await rpc.call("dev_seal")
        assert first == await rpc.call("chain_getFinalizedHead")
        second, third = await rpc.call("dev_seal", 2, False)
        assert await rpc.call("chain_getBlockHash") == third
        assert await rpc.call("chain_getFinalizedHead") == first
        assert await rpc.call("dev_finalize", second) == second
        assert await rpc.call("dev_finalize", second) == second
        assert await rpc.call("dev_finalize") == third == await rpc.call("chain_getFinalizedHead")
        for count in (0, 1_001):
            assert await rpc.error("dev_seal", count) == {
                "code": -32602,
                "message": f"Invalid params: 'count' (position 1): expected 1 to 1000 blocks, got {count}",
            }
        unknown = "0x" + "11" * 32
        assert await rpc.error("dev_finalize", unknown) == {
            "code": REFUSED,
            "message": f"Unknown block: {unknown}",
        }


async def test_unfinalized_blocks_stand_only_so_deep(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        refused = await rpc.error("dev_seal", 65, False)
        assert refused == {
            "code": REFUSED,
            "message": "64 unfinalized states stand on each other; finalize one before adding more",
        }
        assert node.chain.best.header.number == 64
        await rpc.call("dev_finalize")
        await rpc.call("dev_seal")


async def test_transactions_of_every_block_become_final_with_the_last(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        watched: list[str] = []
        for nonce in range(2):
            raw = transfer(node, nonce=nonce)
            watched.append(await rpc.call("author_submitAndWatchExtrinsic", hexed(raw)))
            (at,) = await rpc.call("dev_seal", 1, False)
            assert [await rpc.next(watched[-1]) for _ in range(2)] == ["ready", {"inBlock": at}]
        await rpc.call("dev_finalize")
        for subscription in watched:
            assert "finalized" in await rpc.next(subscription)


async def test_time_is_set_and_goes_on(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        await rpc.call("dev_seal")
        start = await now_of(rpc)
        later = start + 86_400_000
        assert later <= await rpc.call("dev_setTime", later) <= later + 1_000
        await rpc.call("dev_seal")
        assert later <= await now_of(rpc) <= later + 10_000
        assert await rpc.call("dev_increaseTime", 1_000_000) >= later + 1_000_000
        await rpc.call("dev_seal")
        last = await now_of(rpc)
        assert last >= later + 1_000_000
        refused = await rpc.error("dev_setTime", start)
        allowed = f"from {last}, which is the head's, to {1 << 53}"
        assert refused == {"code": REFUSED, "message": f"the time must be {allowed}; got {start}"}
        await rpc.call("dev_seal")
        assert await now_of(rpc) > last


async def test_storage_is_written_by_a_real_transaction(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        other = FREE_KEY + "01"
        at = await rpc.call("dev_setStorage", [[FREE_KEY, "0x1234"], [other, "0x"]])
        assert at == await rpc.call("chain_getFinalizedHead")
        extrinsics = (await rpc.call("chain_getBlock", at))["block"]["extrinsics"]
        sent = node.runtime.decode(bytes.fromhex(extrinsics[1][2:]))
        assert sent.signature is not None and sent.call.info.name == "sudo"
        assert await rpc.call("state_getStorage", FREE_KEY) == "0x1234"
        assert await rpc.call("state_getStorage", other) == "0x"
        # Written and removed in one transaction, all or nothing.
        await rpc.call("dev_setStorage", [[FREE_KEY, None], [other, "0x02"]])
        assert await rpc.call("state_getStorage", FREE_KEY) is None
        assert await rpc.call("state_getStorage", other) == "0x02"
        await rpc.call("dev_setStorage", [[other, None]])
        assert await rpc.call("state_getStorage", other) is None
        assert await rpc.call("system_accountNextIndex", ALICE.address()) == 3


async def test_storage_that_breaks_an_invariant_is_refused_by_its_name(tmp_path: Path) -> None:
    """A richer Bob is a coin out of nothing."""
    node = open_node(tmp_path)
    async with running(node) as rpc:
        key = account_key(node, BOB.public)
        raw = await rpc.call("state_getStorage", key)
        info = codec_of(AccountInfo).decode(bytes.fromhex(raw[2:]))
        richer = info.replace(data=info.data.replace(free=info.data.free + COIN))
        refused = await rpc.error("dev_setStorage", [[key, hexed(codec_of(AccountInfo).encode(richer))]])
        promise = "S = sum of debts + O = sum of all balances"
        figures = f"in this block S grew by 0, the debts by 0, the balances by {COIN}"
        assert refused == {"code": REFUSED, "message": f"I1 is broken: {promise}; {figures}"}
        assert await rpc.call("state_getStorage", key) == raw
        assert await rpc.call("author_pendingExtrinsics") == []
        # The chain goes on, and so does the key.
        await rpc.call("dev_setStorage", [[FREE_KEY, "0x01"]])


async def test_storage_that_a_hook_writes_again_is_told(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        key = hexed(storage_prefix("System", "EventCount"))
        reason = "the sudo call was refused, or a hook wrote it again"
        assert await rpc.error("dev_setStorage", [[key, "0x01000000"]]) == {
            "code": REFUSED,
            "message": f"{key} does not hold the value after the block: {reason}",
        }


@pytest.mark.parametrize("sealing", [Instant(), Every(0.05)])
async def test_storage_is_written_whatever_seals(tmp_path: Path, sealing: Instant | Every) -> None:
    node = open_node(tmp_path, sealing=sealing)
    async with running(node) as rpc:
        at = await rpc.call("dev_setStorage", [[FREE_KEY, "0x07"]])
        assert await rpc.call("state_getStorage", FREE_KEY, at) == "0x07"


async def test_the_times_of_blocks_can_be_changed(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        heads = await rpc.call("chain_subscribeFinalizedHeads")
        await rpc.next(heads)
        assert await rpc.call("dev_setSealing", "0.05") is None
        assert [(await rpc.next(heads))["number"] for _ in range(3)] == ["0x1", "0x2", "0x3"]
        await rpc.call("dev_setSealing", "instant")
        number = (await rpc.call("system_syncState"))["currentBlock"]
        at = await rpc.call("dev_setStorage", [[FREE_KEY, "0x01"]])
        await rpc.call("dev_setSealing", "manual")
        assert (await rpc.call("chain_getHeader", at))["number"] == hex(number + 1)
        await rpc.call("author_submitExtrinsic", hexed(transfer(node)))
        await trio.sleep(0.1)
        assert await rpc.call("chain_getBlockHash") == at
        assert await rpc.error("dev_setSealing", "soon") == {
            "code": -32602,
            "message": "Invalid params: 'sealing' (position 1): 'soon' is no way of sealing: "
            "give instant, manual, or seconds between 0.02 and 3600",
        }


async def test_the_chain_goes_back_to_a_snapshot(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        await rpc.call("dev_seal", 3)
        heads = await rpc.call("chain_subscribeNewHeads")
        finals = await rpc.call("chain_subscribeFinalizedHeads")
        storage = await rpc.call("state_subscribeStorage", [NUMBER])
        for subscription in (heads, finals, storage):
            await rpc.next(subscription)
        before = {"hash": await rpc.call("chain_getBlockHash"), "bob": await free(node, rpc, BOB.public)}
        first = await rpc.call("dev_snapshot")
        raw = hexed(transfer(node))
        for _ in range(2):
            await rpc.call("author_submitExtrinsic", raw)
            await rpc.call("dev_increaseTime", 3_600_000)
            gone = await rpc.call("dev_seal", 2)
            second = await rpc.call("dev_snapshot")
            assert await free(node, rpc, BOB.public) == before["bob"] + COIN
            await rpc.call("author_submitExtrinsic", hexed(transfer(node)))

            assert await rpc.call("dev_revert", first) == before["hash"]
            assert await rpc.call("chain_getBlockHash") == await rpc.call("chain_getFinalizedHead")
            assert await free(node, rpc, BOB.public) == before["bob"]
            assert await rpc.call("author_pendingExtrinsics") == []
            assert await rpc.call("system_accountNextIndex", ALICE.address()) == 0
            assert await rpc.call("chain_getBlock", gone[0]) is None
            assert await rpc.call("chain_getBlockHash", 4) is None
            assert abs(await rpc.call("dev_increaseTime", 0) - await now_of(rpc)) < 60_000
            for used in (first, second):
                refused = {"code": REFUSED, "message": f"there is no snapshot {used}"}
                assert await rpc.error("dev_revert", used) == refused
            first = await rpc.call("dev_snapshot")
            for subscription in (heads, finals):
                numbers = [int((await rpc.next(subscription))["number"], 16) for _ in range(3)]
                assert numbers == [4, 5, 3]
            told = [await rpc.next(storage) for _ in range(3)]
            assert told[-1] == {"block": before["hash"], "changes": [[NUMBER, "0x03000000"]]}
        # Past states answer as before, and the chain can be sealed on and opened again.
        assert await rpc.call("state_getStorage", NUMBER, before["hash"]) == "0x03000000"
        at = (await rpc.call("dev_seal", 2))[-1]
    node = open_node(tmp_path)
    async with running(node) as rpc:
        assert await rpc.call("chain_getBlockHash") == at
        assert await rpc.call("state_getStorage", NUMBER) == "0x05000000"
        assert await free(node, rpc, BOB.public) == before["bob"]


async def test_snapshots_are_of_final_blocks_within_the_window(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        await rpc.call("dev_seal", 1, False)
        assert await rpc.error("dev_snapshot") == {
            "code": REFUSED,
            "message": "the head is not final: call dev_finalize first",
        }
        await rpc.call("dev_finalize")
        old = await rpc.call("dev_snapshot")
        await rpc.call("dev_seal", 257)
        refused = {"code": REFUSED, "message": "the state at height 1 is already discarded"}
        assert await rpc.error("dev_revert", old) == refused
        assert node.chain.best.header.number == 258
        assert await rpc.error("dev_revert", "soon") == {
            "code": -32602,
            "message": "Invalid params: 'snapshot' (position 1): expected what dev_snapshot gave",
        }


async def test_an_unfinalized_fork_is_gone_after_a_revert(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        snapshot = await rpc.call("dev_snapshot")
        (fresh,) = await rpc.call("dev_seal", 1, False)
        await rpc.call("dev_revert", snapshot)
        assert await rpc.call("chain_getHeader", fresh) is None
        assert await rpc.call("chain_getBlockHash") == hexed(node.chain.genesis_hash)
        assert await rpc.call("dev_seal")


def test_only_a_development_chain_has_them() -> None:
    assert not [method for method in registry(development=False) if method.startswith("dev_")]
    assert "dev_seal" in registry(development=True)


WRONG = [
    ([], "expected 1 to 1000 items, got 0"),
    ([["0x00"]], "element 0: expected an array of a key and a value, got an array of 1"),
    ([["0x0", "0x"]], 'element 0: expected bytes in hex, got "0x0"'),
    ([["0x00", 7]], "element 0: expected bytes in hex, got 7"),
    ("0x00", 'expected an array, each an array of a key in hex and a value in hex or null, got "0x00"'),
]


async def test_wrong_items_are_named(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        for items, message in WRONG:
            expected = {"code": -32602, "message": f"Invalid params: 'items' (position 1): {message}"}
            assert await rpc.error("dev_setStorage", items) == expected
        assert node.chain.best.header.number == 0


async def test_a_call_that_the_sudo_key_may_not_make_changes_nothing(tmp_path: Path) -> None:
    """The key was given away: the transaction is included, its call refused, and that is told."""
    node = open_node(tmp_path)
    async with running(node) as rpc:
        sudo: Any = node.runtime.pallets["Sudo"]
        await rpc.call("author_submitExtrinsic", hexed(signed(node, sudo.remove_key.call())))
        await rpc.call("dev_seal")
        refused = await rpc.error("dev_setStorage", [[FREE_KEY, "0x01"]])
        assert refused["code"] == REFUSED and "does not hold the value after the block" in refused["message"]
