"""A node as the source of a light proof, asked over RPC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from node.client.chain import METHOD_NOT_FOUND
from node.client.errors import BadAnswer, RemoteError, RpcRefusal, Unknown
from node.client.rpc import Client
from node.client.shapes import from_hex, maybe_bytes, read_header, to_hex
from runtime.scale.errors import show
from runtime.simplex import ENGINE
from runtime.types.block import Header


class RpcSource:
    """A node, asked over RPC."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def hash_at(self, number: int) -> bytes:
        found = maybe_bytes(await self._client.call("chain_getBlockHash", number))
        if found is None:
            raise Unknown(f"the node knows no block {number}")
        return found

    async def header(self, block_hash: bytes) -> Header:
        return read_header(await self._client.call("chain_getHeader", to_hex(block_hash)), block_hash)

    async def certificate(self, block_hash: bytes) -> bytes | None:
        answer: Any = await self._client.call("chain_getBlock", to_hex(block_hash))
        if answer is None:
            raise Unknown(f"the node knows no block {to_hex(block_hash)}")
        try:
            given = [(bytes(engine), bytes(proof)) for engine, proof in answer["justifications"] or ()]
        except (LookupError, TypeError, ValueError) as error:
            raise BadAnswer("chain_getBlock", show(error)) from None
        return dict(given).get(ENGINE)

    async def committee(self, epoch: int) -> bytes:
        try:
            found = maybe_bytes(await self._client.call("simplex_committee", epoch))
        except RpcRefusal as refusal:
            if refusal.code == METHOD_NOT_FOUND:
                raise RemoteError(
                    f"the node at {self._client.url} keeps no committees: it does not know simplex_committee"
                ) from None
            raise
        if found is None:
            raise Unknown(
                f"the node does not know the committee of epoch {epoch}: ask one that has the whole chain"
            )
        return found

    async def nodes(self, keys: Sequence[bytes], block_hash: bytes) -> Sequence[bytes]:
        given = [to_hex(key) for key in keys]
        answer: Any = await self._client.call("state_getReadProof", given, to_hex(block_hash))
        try:
            return [from_hex(node) for node in answer["proof"]]
        except (LookupError, TypeError) as error:
            raise BadAnswer("state_getReadProof", show(error)) from None
