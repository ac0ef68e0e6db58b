"""The new-style methods over a real socket of a real node, held against the JSON-RPC specification."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from node.rpc.methods import chain_head, follow, transaction
from runtime.crypto.hashing import blake2b_256
from runtime.frame.bound import storage_prefix
from runtime.scale import codec_of
from runtime.types.block import Header
from support.node import ALICE, Client, hexed, open_node, running, transfer

NUMBER = hexed(storage_prefix("System", "Number"))
ACCOUNTS = hexed(storage_prefix("System", "Account"))
UNKNOWN = "0x" + "11" * 32


async def followed(rpc: Client, *, with_runtime: bool = True) -> tuple[str, dict[str, Any]]:
    """A new subscription and its first notification; the head is known then."""
    subscription = await rpc.call("chainHead_v1_follow", with_runtime)
    first = await rpc.next(subscription)
    assert first["event"] == "initialized"
    return subscription, first


async def operation(rpc: Client, method: str, *params: object) -> tuple[str, Any]:
    """What an operation was answered with, and its first notification."""
    started = await rpc.call(method, *params)
    assert started["result"] == "started"
    told = await rpc.next(str(params[0]))
    assert told.pop("operationId") == started["operationId"]
    return started["operationId"], told


async def test_the_head_is_followed_block_by_block(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        final = [hexed(node.chain.genesis_hash), *await rpc.call("dev_seal", 2)]
        waiting = await rpc.call("dev_seal", 1, False)
        subscription, first = await followed(rpc)
        assert first["finalizedBlockHashes"] == final
        spec = first["finalizedBlockRuntime"]
        assert spec["type"] == "valid" and spec["spec"]["apis"]["0x37e397fc7c91f5e4"] == 2
        assert set(spec["spec"]) == {
            *("specName", "implName", "specVersion", "implVersion", "transactionVersion", "apis")
        }
        new_block = {
            "event": "newBlock",
            "blockHash": waiting[0],
            "parentBlockHash": final[-1],
            "newRuntime": None,
        }
        assert await rpc.next(subscription) == new_block
        best = {"event": "bestBlockChanged", "bestBlockHash": waiting[0]}
        assert await rpc.next(subscription) == best

        (last,) = await rpc.call("dev_seal")
        assert await rpc.next(subscription) == new_block | {"blockHash": last, "parentBlockHash": waiting[0]}
        assert await rpc.next(subscription) == best | {"bestBlockHash": last}
        assert await rpc.next(subscription) == {
            "event": "finalized",
            "finalizedBlockHashes": [waiting[0], last],
            "prunedBlockHashes": [],
        }
        assert await rpc.call("chainHead_v1_unfollow", subscription) is None
        assert await rpc.call("chainHead_v1_unfollow", subscription) is None
        await rpc.call("dev_seal")
        assert await rpc.silent()


async def test_without_runtime_it_is_not_told_and_not_called(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        subscription, first = await followed(rpc, with_runtime=False)
        assert set(first) == {"event", "finalizedBlockHashes"}
        (genesis,) = first["finalizedBlockHashes"]
        assert (await rpc.next(subscription))["event"] == "bestBlockChanged"
        await rpc.call("dev_seal")
        assert set(await rpc.next(subscription)) == {"event", "blockHash", "parentBlockHash"}
        assert await rpc.error("chainHead_v1_call", subscription, genesis, "Core_version", "0x") == {
            "code": -32802,
            "message": "The runtime updates flag must be set",
        }


async def test_a_connection_follows_twice_and_no_more(tmp_path: Path) -> None:
    async with running(open_node(tmp_path)) as rpc:
        first, _ = await followed(rpc)
        await followed(rpc)
        too_many = {"code": -32800, "message": "Maximum number of chainHead_follow has been reached: 2"}
        assert await rpc.error("chainHead_v1_follow", True) == too_many
        await rpc.call("chainHead_v1_unfollow", first)
        await followed(rpc)


async def test_pinned_blocks_answer_until_they_are_unpinned(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        await rpc.call("dev_seal", 2)
        subscription, first = await followed(rpc)
        zero, one, two = first["finalizedBlockHashes"]
        assert (await rpc.next(subscription))["event"] == "bestBlockChanged"
        shown = bytes.fromhex((await rpc.call("chainHead_v1_header", subscription, two))[2:])
        assert hexed(codec_of(Header).decode(shown).hash) == two

        invalid = {"code": -32801, "message": "Invalid block hash"}
        duplicates = {"code": -32804, "message": "Received duplicate hashes for `chainHead_unpin`"}
        assert await rpc.error("chainHead_v1_unpin", subscription, [zero, zero]) == duplicates
        assert await rpc.error("chainHead_v1_unpin", subscription, [zero, UNKNOWN]) == invalid
        assert await rpc.call("chainHead_v1_header", subscription, zero)  # nothing was unpinned
        assert await rpc.call("chainHead_v1_unpin", subscription, zero) is None
        assert await rpc.call("chainHead_v1_unpin", subscription, [one]) is None
        for method, *params in (
            ("chainHead_v1_header",),
            ("chainHead_v1_body",),
            ("chainHead_v1_call", "Core_version", "0x"),
            ("chainHead_v1_storage", []),
            ("chainHead_v1_unpin",),
        ):
            assert await rpc.error(method, subscription, zero, *params) == invalid
        assert await rpc.call("chainHead_v1_header", subscription, two)


async def test_what_is_no_subscription_has_no_effect(tmp_path: Path) -> None:
    async with running(open_node(tmp_path)) as rpc:
        for method, *params in (
            ("chainHead_v1_body", UNKNOWN),
            ("chainHead_v1_call", UNKNOWN, "Core_version", "0x"),
            ("chainHead_v1_storage", UNKNOWN, []),
        ):
            assert await rpc.call(method, "nothing", *params) == {"result": "limitReached"}
        for method, *params in (
            ("chainHead_v1_header", UNKNOWN),
            ("chainHead_v1_unpin", UNKNOWN),
            ("chainHead_v1_continue", "1"),
            ("chainHead_v1_stopOperation", "1"),
        ):
            assert await rpc.call(method, "nothing", *params) is None


async def test_bodies_and_calls(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        raw = transfer(node)
        await rpc.call("author_submitExtrinsic", hexed(raw))
        await rpc.call("dev_seal")
        subscription, first = await followed(rpc)
        at = first["finalizedBlockHashes"][-1]
        await rpc.next(subscription)
        _, told = await operation(rpc, "chainHead_v1_body", subscription, at)
        assert told["event"] == "operationBodyDone" and told["value"][1:] == [hexed(raw)]
        nonce = "AccountNonceApi_account_nonce", hexed(ALICE.public)
        _, told = await operation(rpc, "chainHead_v1_call", subscription, at, *nonce)
        assert told == {"event": "operationCallDone", "output": "0x01000000"}
        _, told = await operation(rpc, "chainHead_v1_call", subscription, at, "No_such", "0x")
        assert told == {
            "event": "operationError",
            "error": "Execution failed: Other: Exported method No_such is not found",
        }
        # A block answers before it is final as after.
        (fresh,) = await rpc.call("dev_seal", 1, False)
        assert [(await rpc.next(subscription))["event"] for _ in range(2)] == ["newBlock", "bestBlockChanged"]
        _, before = await operation(rpc, "chainHead_v1_body", subscription, fresh)
        await rpc.call("dev_finalize")
        assert (await rpc.next(subscription))["event"] == "finalized"
        _, after = await operation(rpc, "chainHead_v1_body", subscription, fresh)
        assert before == after and len(after["value"]) == 1


async def test_storage_of_every_kind(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        await rpc.call("dev_seal")
        subscription, first = await followed(rpc)
        at = first["finalizedBlockHashes"][-1]
        await rpc.next(subscription)
        number = (1).to_bytes(4, "little")
        items = [
            {"key": NUMBER, "type": "value"},
            {"key": NUMBER, "type": "hash"},
            {"key": "0xffff", "type": "value"},
            {"key": "0xffff", "type": "closestDescendantMerkleValue"},
            {"key": "0x", "type": "closestDescendantMerkleValue"},
        ]
        started = await rpc.call("chainHead_v1_storage", subscription, at, items)
        assert started["discardedItems"] == 0
        root = (await rpc.call("chain_getHeader", at))["stateRoot"]
        told = await rpc.next(subscription)
        assert told == {
            "event": "operationStorageItems",
            "operationId": started["operationId"],
            "items": [
                {"key": NUMBER, "value": hexed(number)},
                {"key": NUMBER, "hash": hexed(blake2b_256(number))},
                {"key": "0x", "closestDescendantMerkleValue": root},
            ],
        }
        done = {"event": "operationStorageDone", "operationId": started["operationId"]}
        assert await rpc.next(subscription) == done

        below = [{"key": ACCOUNTS, "type": "descendantsValues"}]
        _, told = await operation(rpc, "chainHead_v1_storage", subscription, at, below, None)
        assert [item["key"] for item in told["items"]] == await rpc.call("state_getKeys", ACCOUNTS)
        for item in told["items"]:
            assert item["value"] == await rpc.call("state_getStorage", item["key"])
        assert (await rpc.next(subscription))["event"] == "operationStorageDone"
        hashes = [{"key": ACCOUNTS, "type": "descendantsHashes"}]
        _, hashed = await operation(rpc, "chainHead_v1_storage", subscription, at, hashes)
        for item, hash_item in zip(told["items"], hashed["items"], strict=True):
            assert hash_item["hash"] == hexed(blake2b_256(bytes.fromhex(item["value"][2:])))
        assert (await rpc.next(subscription))["event"] == "operationStorageDone"
        # There are no child tries: what is asked of one is not there.
        _, told = await operation(rpc, "chainHead_v1_storage", subscription, at, items, "0x01")
        assert told == {"event": "operationStorageDone"}
        assert await rpc.silent()


async def test_long_reads_wait_until_the_subscriber_wants_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_head, "PAGE_ITEMS", 3)
    node = open_node(tmp_path)
    async with running(node) as rpc:
        subscription, first = await followed(rpc)
        at = first["finalizedBlockHashes"][-1]
        await rpc.next(subscription)
        below = [{"key": ACCOUNTS, "type": "descendantsValues"}]
        keys = await rpc.call("state_getKeys", ACCOUNTS)
        assert len(keys) > 3
        running_operation, told = await operation(rpc, "chainHead_v1_storage", subscription, at, below)
        seen = [item["key"] for item in told["items"]]
        while (await rpc.next(subscription))["event"] == "operationWaitingForContinue":
            assert await rpc.silent()
            assert await rpc.call("chainHead_v1_continue", subscription, running_operation) is None
            told = await rpc.next(subscription)
            assert len(told["items"]) <= 3
            seen += [item["key"] for item in told["items"]]
        assert seen == keys

        stopped, _ = await operation(rpc, "chainHead_v1_storage", subscription, at, below)
        assert (await rpc.next(subscription))["event"] == "operationWaitingForContinue"
        # What waits survives that its block is unpinned; once stopped it says nothing more.
        await rpc.call("chainHead_v1_unpin", subscription, at)
        await rpc.call("chainHead_v1_continue", subscription, stopped)
        assert (await rpc.next(subscription))["event"] == "operationStorageItems"
        assert (await rpc.next(subscription))["event"] == "operationWaitingForContinue"
        await rpc.call("chainHead_v1_stopOperation", subscription, stopped)
        assert await rpc.call("chainHead_v1_continue", subscription, stopped) is None
        assert await rpc.silent()


async def test_operations_have_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_head, "PAGE_ITEMS", 1)
    node = open_node(tmp_path)
    async with running(node) as rpc:
        subscription, first = await followed(rpc)
        at = first["finalizedBlockHashes"][-1]
        await rpc.next(subscription)
        below = {"key": ACCOUNTS, "type": "descendantsValues"}
        started = await rpc.call("chainHead_v1_storage", subscription, at, [below] * 20)
        assert started["discardedItems"] == 4
        for method, *params in (
            ("chainHead_v1_storage", [below]),
            ("chainHead_v1_body",),
            ("chainHead_v1_call", "Core_version", "0x"),
        ):
            assert await rpc.call(method, subscription, at, *params) == {"result": "limitReached"}
        await rpc.call("chainHead_v1_stopOperation", subscription, started["operationId"])
        assert (await rpc.call("chainHead_v1_body", subscription, at))["result"] == "started"


async def test_an_operation_that_does_not_wait_is_not_continued(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        subscription, first = await followed(rpc)
        at = first["finalizedBlockHashes"][-1]
        # Both in one batch: the operation runs only behind the answers.
        started, refused = await rpc.batch(
            ("chainHead_v1_body", subscription, at), ("chainHead_v1_continue", subscription, "1")
        )
        assert started["result"] == {"result": "started", "operationId": "1"}
        assert refused["error"] == {
            "code": -32803,
            "message": "Wait for continue event was not generated for the subscription",
        }


async def test_too_many_pinned_blocks_stop_the_subscription(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "PINNED_MAX", 3)
    node = open_node(tmp_path)
    async with running(node) as rpc:
        subscription, first = await followed(rpc)
        genesis = first["finalizedBlockHashes"][0]
        await rpc.call("dev_seal", 2)
        assert await rpc.call("chainHead_v1_header", subscription, genesis)
        await rpc.call("dev_seal")
        events = [(await rpc.next(subscription))["event"] for _ in range(8)]
        assert events == ["bestBlockChanged", *("newBlock", "bestBlockChanged", "finalized") * 2, "stop"]
        assert await rpc.call("chainHead_v1_header", subscription, genesis) is None
        await followed(rpc)


async def test_a_revert_stops_the_subscription(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        snapshot = await rpc.call("dev_snapshot")
        await rpc.call("dev_seal")
        subscription, _ = await followed(rpc)
        await rpc.next(subscription)
        await rpc.call("dev_revert", snapshot)
        assert await rpc.next(subscription) == {"event": "stop"}
        _, first = await followed(rpc)
        assert first["finalizedBlockHashes"] == [hexed(node.chain.genesis_hash)]


async def test_the_chain_spec(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        assert await rpc.call("chainSpec_v1_chainName") == "Ballast Development"
        assert await rpc.call("chainSpec_v1_genesisHash") == hexed(node.chain.genesis_hash)
        assert await rpc.call("chainSpec_v1_properties") == await rpc.call("system_properties")


async def test_a_transaction_is_broadcast_until_it_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "BROADCASTS_MAX", 2)
    node = open_node(tmp_path)
    async with running(node) as rpc:
        raw = transfer(node)
        kept = await rpc.call("transaction_v1_broadcast", hexed(raw))
        # What is invalid is not told, and counts.
        invalid = await rpc.call("transaction_v1_broadcast", "0x00")
        assert await rpc.call("transaction_v1_broadcast", hexed(raw)) is None
        while not node.mempool.pool.ready:
            await rpc.call("system_health")
        # The pool loses it, and after the next block it is there again.
        node.mempool.clear("forgotten")
        await rpc.call("dev_seal")
        while not node.mempool.pool.ready:
            await rpc.call("system_health")
        (at,) = await rpc.call("dev_seal")
        assert hexed(raw) in (await rpc.call("chain_getBlock", at))["block"]["extrinsics"]
        for each in (kept, invalid):
            assert await rpc.call("transaction_v1_stop", each) is None
            refused = {"code": -32602, "message": "Invalid operation id"}
            assert await rpc.error("transaction_v1_stop", each) == refused


async def test_a_transaction_is_watched_by_events(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        raw = transfer(node)
        watched = await rpc.call("transactionWatch_v1_submitAndWatch", hexed(raw))
        assert await rpc.next(watched) == {"event": "validated"}
        again = await rpc.call("transactionWatch_v1_submitAndWatch", hexed(raw))
        assert await rpc.next(again) == {"event": "validated"}
        (at,) = await rpc.call("dev_seal")
        block = {"hash": at, "index": 1}
        for each in (watched, again):
            assert await rpc.next(each) == {"event": "bestChainBlockIncluded", "block": block}
            assert await rpc.next(each) == {"event": "finalized", "block": block}
        refused = {"code": -32602, "message": "Invalid subscription id"}
        assert await rpc.error("transactionWatch_v1_unwatch", watched) == refused
        # Bytes that are no transaction are no error, but an event.
        watched = await rpc.call("transactionWatch_v1_submitAndWatch", "0x0102")
        told = await rpc.next(watched)
        assert told["event"] == "invalid" and told["error"].startswith("Extrinsic.length")
        future = await rpc.call("transactionWatch_v1_submitAndWatch", hexed(transfer(node, nonce=9)))
        assert await rpc.next(future) == {"event": "validated"}
        assert await rpc.call("transactionWatch_v1_unwatch", future) is None
        assert (await rpc.error("transactionWatch_v1_submitAndWatch", "0x1"))["code"] == -32602
