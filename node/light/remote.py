"""A node as the source of a light proof, asked over RPC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from node.client.chain import METHOD_NOT_FOUND
from node.client.errors import BadAnswer, RemoteError, RpcRefusal, Unknown
from node.client.rpc import Client
from node.client.shapes import from_hex, maybe_bytes, read_header, to_hex
from runtime.scale.errors import show
from runtime.types.block import Header

_WHOLE: Final = "it may have begun later, at a checkpoint; ask one that has the whole chain"
_DISCARDED: Final = "State already discarded"
"""How nodes of Substrate begin to say that they knew once."""


class RpcSource:
    """A node, asked over RPC."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def hash_at(self, number: int) -> bytes:
        found = maybe_bytes(await self._client.call("chain_getBlockHash", number))
        if found is None:
            raise Unknown(f"the node knows no block {number}: {_WHOLE}")
        return found

    async def header(self, block_hash: bytes) -> Header:
        answer: Any = await self._client.call("chain_getHeader", to_hex(block_hash))
        if answer is None:
            raise Unknown(f"the node does not know the block {to_hex(block_hash)}: {_WHOLE}")
        return read_header(answer, block_hash)

    async def certificate(self, block_hash: bytes) -> bytes | None:
        return maybe_bytes(await self._ask("simplex_certificate", to_hex(block_hash)))

    async def committee(self, epoch: int) -> bytes:
        found = maybe_bytes(await self._ask("simplex_committee", epoch))
        if found is None:
            raise Unknown(f"the node does not know the committee of epoch {epoch}: {_WHOLE}")
        return found

    async def _ask(self, method: str, about: str | int) -> Any:
        """What only a node of a chain with validators answers."""
        try:
            return await self._client.call(method, about)
        except RpcRefusal as refusal:
            if refusal.code == METHOD_NOT_FOUND:
                raise RemoteError(
                    f"the node at {self._client.url} does not know {method}: ask a node of Ballast"
                ) from None
            raise

    async def nodes(self, keys: Sequence[bytes], block_hash: bytes) -> Sequence[bytes]:
        given = [to_hex(key) for key in keys]
        try:
            answer: Any = await self._client.call("state_getReadProof", given, to_hex(block_hash))
        except RpcRefusal as refusal:
            if _DISCARDED not in refusal.words:
                raise
            raise Unknown(
                f"the node at {self._client.url} keeps the state of the block {to_hex(block_hash)} no "
                "longer: ask about a newer block, or a node that runs with --archive"
            ) from None
        try:
            return [from_hex(node) for node in answer["proof"]]
        except (LookupError, TypeError) as error:
            raise BadAnswer("state_getReadProof", show(error)) from None
