"""The witness: it listens to what every node tells to be final, and holds all to what any told."""

from __future__ import annotations

from collections.abc import Iterable
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
        """Ask all nodes of all that was told above one height and up to another, which all have reached; what
        does not hold is among `broken` then.

        Raises RemoteError when a node cannot be asked.
        """
        heights = sorted(number for number in self._told if since < number <= until)
        async with trio.open_nursery() as nursery:
            for url in self._nodes.values():
                nursery.start_soon(self._examine, url, heights)

    async def _examine(self, url: str, heights: list[int]) -> None:
        async with connect(url) as client:
            for start in range(0, len(heights), NUMBERS):
                numbers = heights[start : start + NUMBERS]
                answers: list[Any] = await client.call("chain_getBlockHash", numbers)
                for number, answer in zip(numbers, answers, strict=True):
                    if not _is_told(self._told[number], answer):
                        self.broken.add(number)


def _is_told(head: dict[str, Any], answer: Any) -> bool:
    """Whether the hash that a node has at a height, if any, is that of the header that was told."""
    try:
        return answer is not None and read_header(head, from_hex(answer)).hash == from_hex(answer)
    except BadAnswer:
        return False
