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
LATER = "it may have begun later, at a checkpoint; ask one that has the whole chain"


async def test_what_is_gathered_over_rpc_is_what_the_chain_has() -> None:
    async with serving(CHAIN) as address, connect(address.url) as client:
        for height in (2, 4, 5):
            block_hash = CHAIN.headers[height].hash
            proof = await gather(RpcSource(client), CHAIN.origin, KEYS, block_hash)
            assert proof == await gather(CHAIN, CHAIN.origin, KEYS, block_hash)


NEWER = "no longer: ask about a newer block, or a node that runs with --archive"


class Answers(Client):
    """A client whose node answers everything alike; a number is an error's."""

    url = "ws://stand.in:9944"

    def __init__(self, answer: object) -> None:
        self.answer = answer

    async def call(self, method: str, *params: Any, timeout_s: float | None = None) -> Any:
        if isinstance(self.answer, int):
            raise RpcRefusal(method, self.answer, "no")
        if isinstance(self.answer, RpcRefusal):
            raise self.answer
        return self.answer


Ask = Callable[[RpcSource], Coroutine[Any, Any, object]]


@pytest.mark.parametrize(
    ("ask", "answer", "error", "words"),
    [
        (lambda s: s.hash_at(9), None, Unknown, f"the node knows no block 9: {LATER}"),
        (
            lambda s: s.header(NOBODY),
            None,
            Unknown,
            f"the node does not know the block 0x{NOBODY.hex()}: {LATER}",
        ),
        (
            lambda s: s.committee(3),
            None,
            Unknown,
            f"the node does not know the committee of epoch 3: {LATER}",
        ),
        (
            lambda s: s.committee(3),
            -32601,
            RemoteError,
            "the node at ws://stand.in:9944 does not know simplex_committee: ask a node of Ballast",
        ),
        (
            lambda s: s.certificate(NOBODY),
            -32601,
            RemoteError,
            "the node at ws://stand.in:9944 does not know simplex_certificate: ask a node of Ballast",
        ),
        (lambda s: s.committee(3), -32000, RpcRefusal, "simplex_committee was refused (-32000): no"),
        (
            lambda s: s.certificate(NOBODY),
            ["0x"],
            BadAnswer,
            "a call was answered with nonsense: ['0x'] where hex was expected",
        ),
        (
            lambda s: s.nodes(KEYS, NOBODY),
            RpcRefusal(
                "state_getReadProof", 4003, f"UnknownBlock: State already discarded for 0x{NOBODY.hex()}"
            ),
            Unknown,
            f"the node at ws://stand.in:9944 keeps the state of the block 0x{NOBODY.hex()} {NEWER}",
        ),
        (lambda s: s.nodes(KEYS, NOBODY), 4003, RpcRefusal, "state_getReadProof was refused (4003): no"),
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
    assert await RpcSource(Answers(None)).certificate(NOBODY) is None
