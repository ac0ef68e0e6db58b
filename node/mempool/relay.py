"""The relay: transactions that entered here are told to peers, and peers' enter here.

What enters within a moment goes out as one message. A peer's message goes on as it came, once the pool here
found something in it that it wanted: so nothing circulates that nobody takes. Messages may be lost, and peers
be away: what has waited for a while is told again.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Annotated, Final, Protocol, TypeAlias

import trio

from node.mempool.errors import PoolRefusal
from node.mempool.validate import Mempool
from node.network.address import PeerId, short
from node.network.inbox import Incoming
from node.network.reputation import INVALID_MESSAGE, Fault
from runtime.crypto.hashing import blake2b_256
from runtime.scale import DecodeError, Max, codec_of

log = logging.getLogger(__name__)

TOPIC: Final = "transactions"
BATCH_MAX: Final = 1_024
"""Transactions in one message."""
BATCH_BYTES_MAX: Final = 1 << 20
BATCH_SECONDS: Final = 0.02
"""How long the first of a batch waits for others."""
WAITING_MAX: Final = 16_384
"""Transactions that wait to be told; more are not told, and reach peers in a block."""
AGAIN_SECONDS: Final = 10.0
"""What has waited for so long is told again, and so on."""
AGAIN_MAX: Final = 1_024
"""Transactions that are told again; when more wait, the latest are not."""

Batch: TypeAlias = Annotated[tuple[bytes, ...], Max(BATCH_MAX)]
_BATCH: Final = codec_of(Batch)


class Network(Protocol):
    """The peers, as the relay needs them."""

    async def broadcast(self, topic: str, data: bytes, *, exclude: Collection[PeerId] = ()) -> None: ...
    def incoming(self, topic: str) -> trio.abc.ReceiveChannel[Incoming]: ...
    def report(self, peer: PeerId, fault: Fault) -> None: ...


class Relay:
    """Between one pool and its peers."""

    def __init__(self, mempool: Mempool, network: Network) -> None:
        self._mempool = mempool
        self._network = network
        self._send, self._receive = trio.open_memory_channel[bytes](WAITING_MAX)
        self._entered: dict[bytes, bytes] = {}
        """What entered here, by its hash, and may still wait."""
        self.dropped = 0
        """Transactions that were not told, since too many waited."""

    async def run(self) -> None:
        """Tell and listen until cancelled."""
        self._mempool.spread = self._spread
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._tell)
                nursery.start_soon(self._tell_again)
                nursery.start_soon(self._listen)
        finally:
            self._mempool.spread = None

    def _spread(self, data: bytes) -> None:
        """A transaction has entered that peers did not bring."""
        self._note(blake2b_256(data), data)
        self._queue(data)

    def _note(self, transaction: bytes, data: bytes) -> None:
        if len(self._entered) < AGAIN_MAX:
            self._entered[transaction] = data

    def _queue(self, data: bytes) -> None:
        try:
            self._send.send_nowait(data)
        except trio.WouldBlock:
            self.dropped += 1

    async def _tell(self) -> None:
        async for first in self._receive:
            await trio.sleep(BATCH_SECONDS)
            batch, size = [first], len(first)
            while len(batch) < BATCH_MAX and size < BATCH_BYTES_MAX:
                try:
                    data = self._receive.receive_nowait()
                except trio.WouldBlock:
                    break
                batch.append(data)
                size += len(data)
            await self._network.broadcast(TOPIC, _BATCH.encode(tuple(batch)))

    async def _tell_again(self) -> None:
        pool = self._mempool.pool
        seen: dict[bytes, bytes] = {}
        while True:
            await trio.sleep(AGAIN_SECONDS)
            self._entered = {each: data for each, data in self._entered.items() if each in pool}
            for each, data in self._entered.items():
                if each in seen:
                    self._queue(data)
            seen = self._entered.copy()

    async def _listen(self) -> None:
        async with self._network.incoming(TOPIC) as incoming:
            async for message in incoming:
                await self._take(message)

    async def _take(self, message: Incoming) -> None:
        try:
            batch = _BATCH.decode(message.data)
        except DecodeError as error:
            log.warning("peer %s sent transactions that cannot be read: %s", short(message.peer), error)
            self._network.report(message.peer, INVALID_MESSAGE)
            return
        taken = 0

        async def enter(data: bytes) -> None:
            nonlocal taken
            try:
                transaction = await self._mempool.submit(data, is_local=False)
            except PoolRefusal:
                return
            self._note(transaction, data)
            taken += 1

        async with trio.open_nursery() as nursery:
            for data in batch:
                nursery.start_soon(enter, data)
        if taken:
            await self._network.broadcast(TOPIC, message.data, exclude=(message.peer,))
