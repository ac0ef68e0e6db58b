"""A whole node in this process, and a client that talks to it over a real WebSocket."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio
from trio_websocket import WebSocketConnection, open_websocket_url

from genesis.presets.dev import dev
from genesis.spec import ChainSpec
from node.chain.sealing import Manual, Sealing
from node.chain.transaction import sign_transaction
from node.config import NodeConfig
from node.node import Node
from node.rpc import RpcConfig
from node.rpc.methods.system import next_nonce
from node.wallet.dev import dev_account
from runtime.frame import Call
from runtime.types.account import Address

ALICE, BOB = dev_account("Alice"), dev_account("Bob")
COIN = 10**9
SECONDS_MAX = 10


class Refused(AssertionError):
    """A call was answered with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error)
        self.error = error


class Client:
    """Calls one after another; what arrives between is kept, in order."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self._socket = socket
        self._kept: deque[dict[str, Any]] = deque()
        self._calls = 0

    async def call(self, method: str, *params: object) -> Any:
        """The result of a call; raises Refused."""
        self._calls += 1
        request = {"jsonrpc": "2.0", "id": self._calls, "method": method, "params": params}
        await self._socket.send_message(json.dumps(request))
        while (message := await self._receive()).get("id") != self._calls:
            self._kept.append(message)
        if "error" in message:
            raise Refused(message["error"])
        return message["result"]

    async def error(self, method: str, *params: object) -> dict[str, Any]:
        """The error that a call is answered with."""
        try:
            result = await self.call(method, *params)
        except Refused as refused:
            return refused.error
        raise AssertionError(f"{method} was not refused: {result}")

    async def batch(self, *requests: tuple[object, ...]) -> list[dict[str, Any]]:
        """The answers to several calls in one message, whole."""
        calls = [
            {"jsonrpc": "2.0", "id": place, "method": request[0], "params": request[1:]}
            for place, request in enumerate(requests)
        ]
        await self._socket.send_message(json.dumps(calls))
        while not isinstance(message := await self._receive(), list):
            self._kept.append(message)
        return message

    async def next(self, subscription: str) -> Any:
        """The next notification of a subscription."""
        for message in self._kept:
            if message["params"]["subscription"] == subscription:
                self._kept.remove(message)
                return message["params"]["result"]
        while (message := await self._receive())["params"]["subscription"] != subscription:
            self._kept.append(message)
        return message["params"]["result"]

    async def silent(self) -> bool:
        """Whether everything that was sent has been read: nothing more comes."""
        await self.call("system_name")
        return not self._kept

    async def _receive(self) -> Any:
        with trio.fail_after(SECONDS_MAX):
            return json.loads(await self._socket.get_message())


def open_node(folder: Path, *, sealing: Sealing | None = None, spec: ChainSpec | None = None) -> Node:
    """A node over a database in `folder`; it seals when told, unless told otherwise."""
    config = NodeConfig(
        spec=spec or dev(accounts=2), base_path=folder, sealing=sealing or Manual(), rpc=RpcConfig(port=0)
    )
    return Node.open(config)


@asynccontextmanager
async def running(node: Node) -> AsyncIterator[Client]:
    """A client of a node that runs until the client leaves."""
    try:
        async with trio.open_nursery() as nursery:
            address = await nursery.start(node.run)
            async with open_websocket_url(address.url) as socket:
                yield Client(socket)
            nursery.cancel_scope.cancel()
    finally:
        node.close()


@asynccontextmanager
async def client(node: Node) -> AsyncIterator[Client]:
    """One more client of a running node."""
    assert node.address is not None
    async with open_websocket_url(node.address.url) as socket:
        yield Client(socket)


def transfer(node: Node, value: int = COIN, *, nonce: int | None = None, tip: int = 0) -> bytes:
    """A transfer from Alice to Bob, signed over the head."""
    balances: Any = node.runtime.pallets["Balances"]
    return signed(node, balances.transfer_keep_alive.call(Address(BOB.public), value), nonce=nonce, tip=tip)


def signed(node: Node, call: Call, *, nonce: int | None = None, tip: int = 0) -> bytes:
    """A call signed by Alice over the head."""
    if nonce is None:
        nonce = next_nonce(node, ALICE.public)
    return sign_transaction(node.runtime, node.chain.best, call, ALICE, nonce, tip)


def hexed(data: bytes) -> str:
    return "0x" + data.hex()
