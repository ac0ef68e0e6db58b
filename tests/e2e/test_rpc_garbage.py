"""Whatever the methods are called with, the caller is told what is wrong, and the chain goes on."""

from __future__ import annotations

import json
import random
from pathlib import Path

from node.rpc.methods import registry
from runtime.crypto.hashing import blake2b_256
from runtime.frame.bound import storage_prefix
from support.node import ALICE, Client, Refused, client, hexed, open_node, running, transfer
from support.rpc import http_request, request

SEED = 20_260_101
ROUNDS = 8
INTERNAL_ERROR = -32603
SLOW = {"dev_seal"}
"""Methods whose first parameter says how much work they do: small here."""


def words(genesis: str, raw: str) -> list[object]:
    """Parameters that some method understands, and what is close to them."""
    return [
        *(
            None,
            True,
            False,
            0,
            1,
            5,
            -1,
            1 << 32,
            1 << 64,
            1 << 70,
            0.5,
            "",
            "0x",
            "0x00",
            "0xzz",
            "1",
            "abc",
            "\u20ac",
        ),
        *(
            [],
            [[]],
            {},
            {"key": "0x"},
            [{"key": "0x", "type": "value"}],
            [{"key": "0x", "type": "descendantsHashes"}],
        ),
        *(
            genesis,
            [genesis],
            [genesis, genesis],
            "0x" + "11" * 32,
            raw,
            raw[:-2],
            raw + "00",
            "0x" + "ff" * 40,
        ),
        *(
            "Core_version",
            "Metadata_metadata_at_version",
            "TransactionPaymentApi_query_info",
            "instant",
            "manual",
        ),
        *("TaggedTransactionQueue_validate_transaction", "0x" + "00" * 33, "0x0f000000", [["0x01", "0x02"]]),
        *(
            ALICE.address(),
            hexed(storage_prefix("System", "Account")),
            [hexed(storage_prefix("System", "Number"))],
        ),
    ]


async def tried(rpc: Client, method: str, params: list[object]) -> None:
    """A call that may be refused, in words, and is no bug."""
    try:
        await rpc.call(method, *params)
    except Refused as refused:
        error = refused.error
        assert error["code"] != INTERNAL_ERROR and error["message"], f"{method} {params}: {error}"


async def test_any_parameters_for_any_method(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    dice = random.Random(SEED)
    async with running(node) as rpc:
        vocabulary = words(hexed(node.chain.genesis_hash), hexed(transfer(node)))
        for method in registry(development=True):
            async with client(node) as fresh:
                follow = await fresh.call("chainHead_v1_follow", True)
                await tried(fresh, method, [])
                for _ in range(ROUNDS):
                    params = [dice.choice(vocabulary) for _ in range(dice.randint(1, 5))]
                    if method.startswith("chainHead_") and dice.random() < 0.8:
                        params[:2] = [follow, hexed(node.chain.genesis_hash)]
                    if method in SLOW and params[0] not in (0, 1, 5, None):
                        params[0] = dice.choice([0, -1, "x", None, 2.5])
                    await tried(fresh, method, params)
        await rpc.call("dev_setSealing", "manual")
        await rpc.call("dev_finalize")
        number = node.chain.best.header.number
        (at,) = await rpc.call("dev_seal")
        assert (await rpc.call("chain_getHeader", at))["number"] == hex(number + 1)


async def test_an_extrinsic_changed_anywhere_is_refused_in_words(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    dice = random.Random(SEED)
    async with running(node) as rpc:
        raw = transfer(node)
        for _ in range(150):
            broken = bytearray(raw)
            for _ in range(dice.randint(1, 3)):
                broken[dice.randrange(len(broken))] = dice.randrange(256)
            cut = bytes(broken[: dice.randint(1, len(broken))] if dice.random() < 0.2 else broken)
            if cut == raw:
                continue
            for method in ("author_submitExtrinsic", "payment_queryInfo", "system_dryRun"):
                await tried(rpc, method, [hexed(cut)])
        assert len(node.mempool.pool) == 0
        await rpc.call("author_submitExtrinsic", hexed(raw))
        (at,) = await rpc.call("dev_seal")
        assert (await rpc.call("chain_getBlock", at))["block"]["extrinsics"][1:] == [hexed(raw)]


def test_what_changes_or_shows_the_node_answers_this_machine_only() -> None:
    methods = registry(development=True)
    unsafe = {name for name in methods if (method := methods.find(name)) is not None and method.unsafe}
    assert unsafe == {
        *(name for name in methods if name.startswith("dev_")),
        "system_dryRun",
        "system_dryRunAt",
        "gov_whatIf",
    }


async def test_what_lasts_needs_a_connection(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    async with running(node) as rpc:
        assert node.address is not None and await rpc.silent()
        raw = hexed(transfer(node))
        lasting = [
            ("chain_subscribeNewHeads",),
            ("chainHead_v1_follow", True),
            ("transaction_v1_broadcast", raw),
        ]
        for method, *params in lasting:
            body = json.dumps(request(method, *params)).encode()
            status, answer, _ = await http_request(node.address, "POST", "/", body)
            assert (status, json.loads(answer)["error"]["code"]) == (200, -32004)
        body = json.dumps(request("author_submitExtrinsic", raw)).encode()
        _, answer, _ = await http_request(node.address, "POST", "/", body)
        assert json.loads(answer)["result"] == hexed(blake2b_256(bytes.fromhex(raw[2:])))
        assert await rpc.call("author_pendingExtrinsics") == [raw]
