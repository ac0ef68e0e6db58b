"""The legacy methods over a real socket of a real node: Substrate's shapes, its aliases, its refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runtime.crypto.hashing import blake2b_256
from runtime.frame.bound import storage_prefix
from runtime.scale import codec_of
from runtime.trie import StateVersion, ordered_trie_root, verify_proofs
from runtime.types.account import AccountInfo
from runtime.types.block import Header
from runtime.types.digest import Digest
from support.node import ALICE, Client, hexed, open_node, running, transfer

NUMBER = hexed(storage_prefix("System", "Number"))
ACCOUNTS = hexed(storage_prefix("System", "Account"))
UNKNOWN = "0x" + "11" * 32


def header_of(shown: dict[str, Any]) -> Header:
    """The header that a JSON header shows."""
    logs = [bytes.fromhex(log[2:]) for log in shown["digest"]["logs"]]
    parent, state, extrinsics = (
        bytes.fromhex(shown[name][2:]) for name in ("parentHash", "stateRoot", "extrinsicsRoot")
    )
    digest = codec_of(Digest).decode(bytes([len(logs) << 2]) + b"".join(logs))
    assert shown["number"].startswith("0x")
    return Header(parent, int(shown["number"], 16), state, extrinsics, digest)


async def seal(rpc: Client, count: int = 1) -> list[str]:
    hashes: list[str] = await rpc.call("dev_seal", count)
    return hashes


async def test_headers_blocks_and_hashes(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        raw = transfer(node)
        assert await rpc.call("author_submitExtrinsic", hexed(raw)) == hexed(blake2b_256(raw))
        first, second = await seal(rpc, 2)
        genesis = hexed(node.chain.genesis_hash)

        assert await rpc.call("chain_getBlockHash") == second
        assert await rpc.call("chain_getHead") == second
        assert await rpc.call("chain_getFinalizedHead") == await rpc.call("chain_getFinalisedHead") == second
        assert await rpc.call("chain_getBlockHash", None) == second
        assert await rpc.call("chain_getBlockHash", 0) == genesis
        assert await rpc.call("chain_getBlockHash", "0x1") == first
        assert await rpc.call("chain_getBlockHash", [0, "0x1", 2, 3]) == [genesis, first, second, None]
        assert await rpc.call("chain_getBlockHash", 3) is None

        shown = await rpc.call("chain_getHeader")
        assert hexed(header_of(shown).hash) == second and shown["parentHash"] == first
        assert await rpc.call("chain_getHeader", UNKNOWN) is None
        assert await rpc.call("chain_getBlock", UNKNOWN) is None

        shown = await rpc.call("chain_getBlock", first)
        assert hexed(header_of(shown["block"]["header"]).hash) == first
        extrinsics = [bytes.fromhex(each[2:]) for each in shown["block"]["extrinsics"]]
        assert extrinsics[1] == raw and len(extrinsics) == 2
        root = ordered_trie_root(extrinsics, StateVersion.V0)
        assert hexed(root) == shown["block"]["header"]["extrinsicsRoot"]
        assert shown["justifications"] is None


async def test_storage_now_and_then(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        hashes = await seal(rpc, 3)
        key = (
            ACCOUNTS
            + blake2b_256(ALICE.public)[:0].hex()
            + node.runtime.pallets["System"].account.key_of(ALICE.public)[32:].hex()
        )
        value = await rpc.call("state_getStorage", key)
        info = codec_of(AccountInfo).decode(bytes.fromhex(value[2:]))
        assert info.data.free > 0 and await rpc.call("state_getStorageAt", key) == value
        assert await rpc.call("state_getStorageHash", key) == hexed(blake2b_256(bytes.fromhex(value[2:])))
        assert await rpc.call("state_getStorageSize", key) == len(value) // 2 - 1
        assert await rpc.call("state_getStorageSize", ACCOUNTS) == 80 * len(
            await rpc.call("state_getKeys", ACCOUNTS)
        )
        assert await rpc.call("state_getStorageSize", "0xff") is None
        assert (
            await rpc.call("state_getStorage", "0xff")
            is await rpc.call("state_getStorageHash", "0xff")
            is None
        )

        for number, at in enumerate(hashes, 1):
            assert await rpc.call("state_getStorage", NUMBER, at) == hexed(number.to_bytes(4, "little"))
        assert await rpc.call("state_queryStorageAt", [NUMBER, "0xff"], hashes[0]) == [
            {"block": hashes[0], "changes": [[NUMBER, "0x01000000"], ["0xff", None]]}
        ]
        assert (await rpc.call("state_queryStorageAt", [NUMBER]))[0]["block"] == hashes[2]

        keys = await rpc.call("state_getKeys", ACCOUNTS)
        assert keys == sorted(keys) and key in keys
        paged, start = [], ACCOUNTS
        while page := await rpc.call("state_getKeysPaged", ACCOUNTS, 2, start, hashes[0]):
            assert len(page) <= 2
            paged += page
            start = page[-1]
        assert paged == await rpc.call("state_getKeys", ACCOUNTS, hashes[0]) == keys
        assert (await rpc.call("state_getKeysPaged", None, 1_000))[0] <= keys[0]
        assert await rpc.call("state_getKeysPaged", ACCOUNTS, 0) == []


async def test_read_proofs_prove_presence_and_absence(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        (at,) = await seal(rpc)
        header = await rpc.call("chain_getHeader", at)
        answer = await rpc.call("state_getReadProof", [NUMBER, "0x2222"], at)
        assert answer["at"] == at
        proof = [bytes.fromhex(item[2:]) for item in answer["proof"]]
        root, keys = bytes.fromhex(header["stateRoot"][2:]), [bytes.fromhex(NUMBER[2:]), b"\x22\x22"]
        assert verify_proofs(root, proof, keys) == {keys[0]: (1).to_bytes(4, "little"), keys[1]: None}


async def test_past_states_are_kept_in_the_window_and_then_discarded(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        first = (await seal(rpc))[0]
        await seal(rpc, 256)
        assert await rpc.call("state_getStorage", NUMBER, first) == "0x01000000"
        await seal(rpc)
        discarded = {
            "code": 4003,
            "message": f"Client error: UnknownBlock: State already discarded for {first}",
        }
        unknown = {
            "code": 4003,
            "message": f"Client error: UnknownBlock: Header was not found in the database: {UNKNOWN}",
        }
        for method, *params in (
            ("state_getStorage", NUMBER),
            ("state_getStorageSize", NUMBER),
            ("state_queryStorageAt", [NUMBER]),
            ("state_getReadProof", [NUMBER]),
            ("state_getKeysPaged", "0x", 5, None),
            ("state_getKeys", "0x"),
            ("state_call", "Core_version", "0x"),
            ("state_getMetadata",),
            ("state_getRuntimeVersion",),
        ):
            assert await rpc.error(method, *params, first) == discarded
            assert await rpc.error(method, *params, UNKNOWN) == unknown
        # The block itself stays.
        assert (await rpc.call("chain_getBlock", first))["block"]["header"]["number"] == "0x1"


async def test_runtime_apis_versions_and_metadata(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        version = await rpc.call("state_getRuntimeVersion")
        assert version == await rpc.call("chain_getRuntimeVersion")
        assert (version["specName"], version["systemVersion"], version["stateVersion"]) == ("ballast", 1, 1)
        assert ["0x37e397fc7c91f5e4", 2] in version["apis"]
        nonce = await rpc.call("state_call", "AccountNonceApi_account_nonce", ALICE.public.hex())
        assert (
            nonce
            == "0x00000000"
            == await rpc.call("state_callAt", "AccountNonceApi_account_nonce", hexed(ALICE.public))
        )
        assert await rpc.call("state_call", "Core_version", "") == await rpc.call(
            "state_call", "Core_version", "0x"
        )
        metadata = await rpc.call("state_getMetadata")
        assert metadata.startswith("0x6d6574610e")
        assert (await rpc.call("state_call", "Metadata_metadata", "0x")).endswith(metadata[2:])
        assert await rpc.error("state_call", "Nothing_at_all", "0x") == {
            "code": 4003,
            "message": "Client error: Execution failed: Other: Exported method Nothing_at_all is not found",
        }
        refused = await rpc.error("state_call", "AccountNonceApi_account_nonce", "0x00")
        assert refused["code"] == 4003
        assert refused["message"].startswith(
            "Client error: Execution failed: Other: Bad input to AccountNonceApi_account_nonce: "
        )


async def test_heads_and_storage_are_subscribed_to(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        subscriptions = {
            name: await rpc.call(name)
            for name in ("chain_subscribeAllHeads", "chain_subscribeNewHead", "chain_subscribeFinalizedHeads")
        }
        storage = await rpc.call("state_subscribeStorage", [NUMBER, ACCOUNTS])
        version = await rpc.call("state_subscribeRuntimeVersion")
        genesis = hexed(node.chain.genesis_hash)
        for subscription in subscriptions.values():
            assert hexed(header_of(await rpc.next(subscription)).hash) == genesis
        zero = {"block": genesis, "changes": [[NUMBER, None], [ACCOUNTS, None]]}
        assert await rpc.next(storage) == zero
        assert (await rpc.next(version))["specName"] == "ballast"

        hashes = await rpc.call("dev_seal", 2, False)
        for name in ("chain_subscribeAllHeads", "chain_subscribeNewHead"):
            assert [hexed(header_of(await rpc.next(subscriptions[name])).hash) for _ in hashes] == hashes
        for number, at in enumerate(hashes, 1):
            changes = [[NUMBER, hexed(number.to_bytes(4, "little"))]]
            assert await rpc.next(storage) == {"block": at, "changes": changes}
        assert await rpc.silent()
        await rpc.call("dev_finalize")
        finalized = subscriptions["chain_subscribeFinalizedHeads"]
        assert [hexed(header_of(await rpc.next(finalized)).hash) for _ in hashes] == hashes

        for name in (
            "chain_unsubscribeAllHeads",
            "chain_unsubscribeNewHead",
            "chain_unsubscribeFinalizedHeads",
        ):
            subscription = subscriptions[name.replace("unsub", "sub")]
            assert await rpc.call(name, subscription) is True
            assert await rpc.call(name, subscription) is False
        assert await rpc.call("state_unsubscribeStorage", storage) is True
        assert await rpc.call("state_unsubscribeRuntimeVersion", version) is True
        await seal(rpc)
        assert await rpc.silent()


async def test_a_transaction_is_watched_until_it_is_final(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        first, second = transfer(node), transfer(node, nonce=1)
        later = await rpc.call("author_submitAndWatchExtrinsic", hexed(second))
        assert await rpc.next(later) == "future"
        assert await rpc.call("author_pendingExtrinsics") == []
        watched = await rpc.call("author_submitAndWatchExtrinsic", hexed(first))
        assert await rpc.next(watched) == await rpc.next(later) == "ready"
        assert await rpc.call("author_pendingExtrinsics") == [hexed(first), hexed(second)]
        for name in ("system_accountNextIndex", "account_nextIndex"):
            assert await rpc.call(name, ALICE.address()) == 2

        (at,) = await seal(rpc)
        for subscription in (watched, later):
            assert [await rpc.next(subscription) for _ in range(2)] == [{"inBlock": at}, {"finalized": at}]
        assert await rpc.call("author_pendingExtrinsics") == []
        assert await rpc.call("author_unwatchExtrinsic", watched) is False
        assert await rpc.call("system_accountNextIndex", ALICE.address()) == 2


async def test_the_pool_refuses_with_substrates_codes_and_nothing_remains(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        good = transfer(node)
        forged = good[:60] + bytes([good[60] ^ 1]) + good[61:]
        for method in ("author_submitExtrinsic", "author_submitAndWatchExtrinsic"):
            bad = await rpc.error(method, "0x010203")
            assert (bad["code"], bad["message"]) == (1001, "Extrinsic has invalid format")
            assert bad["data"].startswith("Extrinsic.length")
        assert await rpc.error("author_submitExtrinsic", hexed(forged)) == {
            "code": 1010,
            "message": "Invalid Transaction",
            "data": "Transaction has a bad signature",
        }
        assert await rpc.error("author_submitAndWatchExtrinsic", hexed(forged)) == {
            "code": 1012,
            "message": "Transaction is temporarily banned",
        }
        poor = await rpc.error("author_submitExtrinsic", hexed(transfer(node, tip=1 << 100)))
        assert (poor["code"], poor["data"]) == (
            1010,
            "Inability to pay some fees (e.g. account balance too low)",
        )
        await rpc.call("author_submitExtrinsic", hexed(good))
        assert (await rpc.error("author_submitExtrinsic", hexed(good)))["code"] == 1013
        assert (await rpc.error("author_submitExtrinsic", hexed(transfer(node, 5, nonce=0))))["code"] == 1014
        await seal(rpc)
        stale = await rpc.error("author_submitExtrinsic", hexed(transfer(node, 6, nonce=0)))
        assert (stale["code"], stale["data"]) == (1010, "Transaction is outdated")
        assert len(node.mempool.pool) == 0


async def test_what_the_node_says_of_itself(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        await seal(rpc, 2)
        assert await rpc.call("system_chain") == "Ballast Development"
        assert await rpc.call("system_name") == "Ballast Node"
        assert await rpc.call("system_version") == "0.1.0"
        assert await rpc.call("system_chainType") == "Development"
        properties = {"ss58Format": 42, "tokenDecimals": 9, "tokenSymbol": "CPC"}
        assert await rpc.call("system_properties") == properties
        assert await rpc.call("system_health") == {"peers": 0, "isSyncing": False, "shouldHavePeers": False}
        assert await rpc.call("system_peers") == [] and await rpc.call("system_nodeRoles") == ["Authority"]
        state = {"startingBlock": 0, "currentBlock": 2, "highestBlock": 2}
        assert await rpc.call("system_syncState") == state
        methods = (await rpc.call("rpc_methods"))["methods"]
        assert methods == sorted(set(methods)) and "account_nextIndex" in methods


async def test_fees_and_dry_runs(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        raw = transfer(node)
        forged = hexed(raw[:60] + bytes([raw[60] ^ 1]) + raw[61:])
        info = await rpc.call("payment_queryInfo", forged)
        assert info["class"] == "normal" and set(info["weight"]) == {"ref_time", "proof_size"}
        fee = (await rpc.call("payment_queryFeeDetails", forged))["inclusionFee"]
        parts = [int(fee[name], 16) for name in ("baseFee", "lenFee", "adjustedWeightFee")]
        assert sum(parts) == int(info["partialFee"]) > 0
        system: Any = node.runtime.pallets["System"]
        bare = node.runtime.parts.codec.bare(system.remark.call(b"hello"))
        assert await rpc.call("payment_queryFeeDetails", hexed(bare)) == {"inclusionFee": None}
        refused = await rpc.error("payment_queryInfo", "0x00")
        assert (refused["code"], refused["message"]) == (2, "Unable to query dispatch info.")

        assert await rpc.call("system_dryRun", hexed(raw)) == "0x0000"
        assert await rpc.call("system_dryRun", forged) == "0x010004"
        assert await rpc.call("system_dryRunAt", hexed(transfer(node, nonce=5))) == "0x010002"
        much = await rpc.call("system_dryRun", hexed(transfer(node, 1 << 100)))
        assert much == "0x00010700"
        assert (await rpc.error("system_dryRun", "0x00"))["message"] == "Unable to dry run extrinsic"
        assert node.chain.best.header.number == 0
        # Nothing of a dry run remains: the same transaction goes into a block.
        await rpc.call("author_submitExtrinsic", hexed(raw))
        assert len((await rpc.call("chain_getBlock", (await seal(rpc))[0]))["block"]["extrinsics"]) == 2


NO_ADDRESS = "'5Grw' is not an SS58 address: it decodes to 3 bytes, and an account takes 35"
WRONG: list[tuple[str, list[object], str]] = [
    (
        "chain_getHeader",
        ["0x12"],
        "'hash' (position 1): expected a hash (32 bytes in hex) or null, got \"0x12\"",
    ),
    ("chain_getBlockHash", [[0] * 1_001], "'number' (position 1): at most 1000 numbers, 1001 given"),
    ("state_getStorage", [], "'key' (position 1): missing, expected bytes in hex"),
    ("state_getStorage", ["0xabc"], "'key' (position 1): expected bytes in hex, got \"0xabc\""),
    ("state_queryStorageAt", [["0x00"] * 1_001], "'keys' (position 1): at most 1000 keys, 1001 given"),
    ("state_getReadProof", [["0x00"] * 1_001], "'keys' (position 1): at most 1000 keys, 1001 given"),
    ("state_subscribeStorage", [["0x00"] * 1_001], "'keys' (position 1): at most 1000 keys, 1001 given"),
    ("state_subscribeStorage", [], "'keys' (position 1): missing, expected an array, each bytes in hex"),
    ("system_accountNextIndex", ["5Grw"], f"'account' (position 1): expected an SS58 address; {NO_ADDRESS}"),
]


async def test_wrong_parameters_are_named_and_pages_are_bounded(tmp_path: Path) -> None:
    async with running(open_node(tmp_path)) as rpc:
        for method, params, message in WRONG:
            expected = {"code": -32602, "message": f"Invalid params: {message}"}
            assert await rpc.error(method, *params) == expected
        assert await rpc.error("state_getKeysPaged", "0x", 1_001) == {
            "code": 4002,
            "message": "count exceeds maximum value. value: 1001, max: 1000",
        }
