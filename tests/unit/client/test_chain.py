"""The chain client over a stand-in node: pallets answer over state that is fetched as they read it."""

from __future__ import annotations

from itertools import islice
from typing import Any, cast

import pytest

from node.client import BadAnswer, ChainClient, Client, OtherChain, Unknown, ViewTooLarge
from node.client.chain import PAGE
from node.rpc.methods.shapes import header_json
from pallets.balances import Balances
from pallets.system import System
from runtime.manifest import CODE_KEY, Manifest
from runtime.scale import codec_of
from runtime.types.account import AccountData
from support.chains import ALICE, RICH, chain_of

MANY = tuple(number.to_bytes(32, "big") for number in range(1, 2 * PAGE + 50))


class StandIn:
    """A node that holds one state, and counts what it is asked."""

    url = "ws://stand.in:9944"

    def __init__(self) -> None:
        self.chain = chain_of(rich=(ALICE, *MANY))
        self.chain.next_block()
        self.asked: list[str] = []
        self.code = codec_of(Manifest).encode(self.chain.runtime.manifest)
        self.header: Any = header_json(self.chain.header)

    async def call(self, method: str, *params: Any) -> Any:
        self.asked.append(method)
        state = self.chain.state
        match method, params:
            case "chain_getBlockHash", ():
                return "0x" + self.chain.header.hash.hex()
            case "chain_getHeader", _:
                return self.header
            case "state_getStorage", (key, *_):
                found = self.code if key == "0x" + CODE_KEY.hex() else state.get(bytes.fromhex(key[2:]))
                return None if found is None else "0x" + found.hex()
            case "state_queryStorageAt", (keys, _):
                values = ((key, state.get(bytes.fromhex(key[2:]))) for key in keys)
                return [
                    {"block": "0x", "changes": [[key, value and "0x" + value.hex()] for key, value in values]}
                ]
            case "state_getKeysPaged", (prefix, count, start, _):
                after = None if start is None else bytes.fromhex(start[2:])
                return [
                    "0x" + key.hex() for key in islice(state.keys(bytes.fromhex(prefix[2:]), after), count)
                ]
            case _:
                pytest.fail(f"{method} is not expected")


@pytest.fixture
def node() -> StandIn:
    return StandIn()


@pytest.fixture
def chain(node: StandIn) -> ChainClient:
    return ChainClient(cast(Client, node), node.chain.runtime)


def system_of(chain: ChainClient) -> System:
    return chain.system


async def test_a_question_is_answered_by_the_pallet_itself(node: StandIn, chain: ChainClient) -> None:
    balances = chain.runtime.pallets["Balances"]
    assert isinstance(balances, Balances)
    assert await chain.view(lambda: balances.free_balance(ALICE)) == RICH
    assert node.asked == ["chain_getBlockHash", "chain_getHeader", "state_getStorage"]


async def test_what_is_absent_reads_as_the_default(chain: ChainClient) -> None:
    info = await chain.view(lambda: system_of(chain).account[b"\xee" * 32])
    assert (info.nonce, info.data) == (0, AccountData())


async def test_a_listing_longer_than_a_page_is_whole_and_in_order(node: StandIn, chain: ChainClient) -> None:
    def look() -> list[tuple[bytes, int]]:
        return [(who, info.data.free) for who, info in system_of(chain).account.items()]

    found = await chain.view(look)
    node.chain.runtime.over(node.chain.state)
    assert found == look()
    assert len(found) == len(MANY) + 1
    assert node.asked.count("state_getKeysPaged") == len(found) // PAGE + 1
    assert node.asked.count("state_getStorage") == 0, "values come with their keys"


async def test_of_a_listing_only_the_pages_that_are_read_are_fetched(
    node: StandIn, chain: ChainClient
) -> None:
    found = await chain.view(lambda: list(islice(system_of(chain).account.keys(), 5)))
    assert len(found) == 5
    assert node.asked.count("state_getKeysPaged") == 1


async def test_a_listing_behind_a_key(node: StandIn, chain: ChainClient) -> None:
    everybody = await chain.view(lambda: list(system_of(chain).account.keys()))
    behind = await chain.view(lambda: list(system_of(chain).account.keys(after=everybody[9])))
    assert behind == everybody[10:]


async def test_a_question_without_end_is_given_up(
    chain: ChainClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.client.chain.ROUNDS_MAX", 10)
    numbers = iter(range(10**9))
    with pytest.raises(ViewTooLarge):
        await chain.view(
            lambda: [system_of(chain).account[next(numbers).to_bytes(32, "little")] for _ in range(99)]
        )


async def test_the_same_runtime_is_welcome(node: StandIn) -> None:
    assert isinstance(await ChainClient.open(cast(Client, node), node.chain.runtime), ChainClient)


async def test_another_runtime_is_named_by_what_differs(node: StandIn) -> None:
    manifest = node.chain.runtime.manifest
    node.code = codec_of(Manifest).encode(manifest.replace(pallets=manifest.pallets[:-1]))
    with pytest.raises(OtherChain) as caught:
        await ChainClient.open(cast(Client, node), node.chain.runtime)
    assert str(caught.value) == (
        "the node at ws://stand.in:9944 runs another runtime: TransactionPayment at index 3 is new here"
    )


@pytest.mark.parametrize("code", [b"", b"\0asm"])
async def test_another_kind_of_chain(node: StandIn, code: bytes) -> None:
    node.code = code
    with pytest.raises(OtherChain) as caught:
        await ChainClient.open(cast(Client, node), node.chain.runtime)
    assert str(caught.value) == (
        "the node at ws://stand.in:9944 runs another runtime: "
        "what it keeps under :code is no manifest of this kind of chain"
    )


async def test_a_header_must_hash_to_what_was_asked_for(node: StandIn, chain: ChainClient) -> None:
    right = node.chain.header.hash
    node.header = {**node.header, "number": "0x2"}
    with pytest.raises(
        BadAnswer, match=rf"^the header of 0x{right.hex()} was answered with nonsense: it hashes to 0x"
    ):
        await chain.header(right)
    node.header = {"number": "two"}
    with pytest.raises(BadAnswer, match=r"^a header was answered with nonsense: "):
        await chain.header(right)
    node.header = None
    with pytest.raises(Unknown, match=rf"^the node knows no block 0x{right.hex()}$"):
        await chain.header(right)
