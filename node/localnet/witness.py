"""The witness: it listens to what every node tells to be final, and holds all to what any told."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import Any, Final

import trio

from node.client import BadAnswer, RemoteError, connect
from node.client.shapes import from_hex, read_header
from node.localnet.plan import NodePlan

RETRY_SECONDS: Final = 0.2
"""How soon a node that does not answer is tried again."""
NUMBERS: Final = 500
"""How many heights a node is asked about at once."""


class Witness:
    """What was told, by whom, and what is not so."""

    def __init__(self, nodes: Iterable[NodePlan]) -> None:
        self._nodes = {node.name: node.ws for node in nodes}
        self._told: dict[int, dict[str, Any]] = {}
        self.finals = dict.fromkeys(self._nodes, 0)
        """The last final height that each node told, since it was last reached."""
        self.broken: set[int] = set()
        """Heights of which two nodes told different things, or one does not stand by what was told."""

    @property
    def height(self) -> int:
        """The highest block that anybody told to be final."""
        return max(self._told, default=0)

    async def run(self) -> None:
        """Listen to all nodes until cancelled, to those that go away again when they come back."""
        async with trio.open_nursery() as nursery:
            for name, url in self._nodes.items():
                nursery.start_soon(self._listen, name, url)

    async def _listen(self, name: str, url: str) -> None:
        while True:
            try:
                async with connect(url) as client:
                    watching = client.subscribe(
                        "chain_subscribeFinalizedHeads", unsubscribe="chain_unsubscribeFinalizedHeads"
                    )
                    async with watching as heads:
                        async for head in heads:
                            self._note(name, head)
            except RemoteError:
                self.finals[name] = 0
                await trio.sleep(RETRY_SECONDS)

    def _note(self, name: str, head: dict[str, Any]) -> None:
        number = int(head["number"], 16)
        self.finals[name] = number
        if self._told.setdefault(number, head) != head:
            self.broken.add(number)

    async def examine(self, since: int, until: int) -> None:
        """Compare all nodes, block by block, from above one height up to another that all have reached; where
        they differ, or from what was told, is among `broken` then.

        Raises RemoteError when a node cannot be asked.
        """
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(connect(url)) for url in self._nodes.values()]
            for start in range(since + 1, until + 1, NUMBERS):
                numbers = list(range(start, min(start + NUMBERS, until + 1)))
                chains = [await client.call("chain_getBlockHash", numbers) for client in clients]
                for number, *hashes in zip(numbers, *chains, strict=True):
                    if not self._holds(number, hashes):
                        self.broken.add(number)

    def _holds(self, number: int, hashes: list[Any]) -> bool:
        """Whether all nodes have the same block at a height, and the one that was told, if one was."""
        first = hashes[0]
        if first is None or any(other != first for other in hashes):
            return False
        told = self._told.get(number)
        try:
            return told is None or read_header(told, from_hex(first)).number == number
        except BadAnswer:
            return False
