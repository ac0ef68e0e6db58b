"""A node asked over its real RPC port gives the proof that the chain itself gives, or a refusal in words."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from node.client import BadAnswer, Client, RemoteError, RpcRefusal, Unknown, connect
from node.light.export import gather
from node.light.remote import RpcSource
from support.lightchain import COUNTER, LONG, NOTHING, LightChain
from support.lightnode import serving

CHAIN = LightChain([["Alice", "Bob", "Charlie", "Dave"], ["Bob", "Charlie", "Dave", "Eve"]])
KEYS = [COUNTER, LONG, NOTHING]
NOBODY = bytes(31) + b"\x01"


async def test_what_is_gathered_over_rpc_is_what_the_chain_has() -> None:
    async with serving(CHAIN) as address, connect(address.url) as client:
        for height in (2, 4, 5):
            block_hash = CHAIN.headers[height].hash
            proof = await gather(RpcSource(client), CHAIN.origin, KEYS, block_hash)
            assert proof == await gather(CHAIN, CHAIN.origin, KEYS, block_hash)


class Answers(Client):
    """A client whose node answers everything alike; a number is an error's."""

    url = "ws://stand.in:9944"

    def __init__(self, answer: object) -> None:
        self.answer = answer

    async def call(self, method: str, *params: Any, timeout_s: float | None = None) -> Any:
        if isinstance(self.answer, int):
            raise RpcRefusal(method, self.answer, "no")
        return self.answer


Ask = Callable[[RpcSource], Coroutine[Any, Any, object]]


@pytest.mark.parametrize(
    ("ask", "answer", "error", "words"),
    [
        (lambda s: s.hash_at(9), None, Unknown, "the node knows no block 9"),
        (lambda s: s.header(NOBODY), None, Unknown, f"the node knows no block 0x{NOBODY.hex()}"),
        (lambda s: s.certificate(NOBODY), None, Unknown, f"the node knows no block 0x{NOBODY.hex()}"),
        (
            lambda s: s.committee(3),
            None,
            Unknown,
            "the node does not know the committee of epoch 3: ask one that has the whole chain",
        ),
        (
            lambda s: s.committee(3),
            -32601,
            RemoteError,
            "the node at ws://stand.in:9944 keeps no committees: it does not know simplex_committee",
        ),
        (lambda s: s.committee(3), -32000, RpcRefusal, "simplex_committee was refused (-32000): no"),
        (
            lambda s: s.certificate(NOBODY),
            {"justifications": [[[83, 77, 80, 88], [256]]]},
            BadAnswer,
            "chain_getBlock was answered with nonsense: ValueError('bytes must be in range(0, 256)')",
        ),
        (
            lambda s: s.certificate(NOBODY),
            {"block": {}},
            BadAnswer,
            "chain_getBlock was answered with nonsense: KeyError('justifications')",
        ),
        (
            lambda s: s.nodes(KEYS, NOBODY),
            {"at": "0x"},
            BadAnswer,
            "state_getReadProof was answered with nonsense: KeyError('proof')",
        ),
        (
            lambda s: s.nodes(KEYS, NOBODY),
            {"proof": ["zz"]},
            BadAnswer,
            "a call was answered with nonsense: 'zz' where hex was expected",
        ),
    ],
)
async def test_what_a_node_does_not_know_or_says_wrongly(
    ask: Ask, answer: object, error: type[RemoteError], words: str
) -> None:
    with pytest.raises(error) as refusal:
        await ask(RpcSource(Answers(answer)))
    assert str(refusal.value) == words


async def test_a_block_that_is_final_through_another_has_no_certificate() -> None:
    assert await RpcSource(Answers({"justifications": None})).certificate(NOBODY) is None
    assert await RpcSource(Answers({"justifications": [[[1, 2, 3, 4], [5]]]})).certificate(NOBODY) is None
