"""How commands reach a chain: the runtime of `--chain`, the node at `--rpc`, held against each other."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from genesis.load import load_spec
from genesis.presets import PRESETS
from genesis.spec import ChainSpec, SpecError
from node.cli.faults import Fault, expected
from node.cli.words import Words
from node.client import ChainClient, Client, OtherChain, RemoteError, TransactionRefused, connect
from node.plugins import PluginError, discover, runtime_digest
from runtime.lifecycle import LoadError
from runtime.loader import load
from runtime.runtime import Runtime
from runtime.scale.errors import show

_HASH: Final = re.compile("0x[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Remote:
    """A chain that commands speak to, and how its values are written."""

    chain: ChainClient
    spec: ChainSpec
    words: Words

    @property
    def runtime(self) -> Runtime:
        """The runtime, as it is installed here."""
        return self.chain.runtime

    async def block_hash(self, text: str) -> bytes:
        """The hash of the block that `best`, `finalized`, a number or a hash names. Raises Fault."""
        if text == "best":
            return await self.chain.best_hash()
        if text == "finalized":
            return await self.chain.finalized_hash()
        if text.isascii() and text.isdecimal():
            return await self.chain.hash_at(int(text))
        if _HASH.fullmatch(text):
            return bytes.fromhex(text[2:])
        raise Fault(f"{show(text)} names no block: give a number, a hash, best or finalized")


def local_runtime(spec: ChainSpec) -> Runtime:
    """The runtime of a chain spec. Raises LoadError and PluginError."""
    return load(spec.runtime, discover(), runtime_digest=runtime_digest())


@asynccontextmanager
async def reach(rpc: str, chain: str) -> AsyncGenerator[Remote]:
    """The chain at `rpc`, which must be `chain`; whatever goes wrong with it is a Fault."""
    with expected(SpecError, LoadError, PluginError, RemoteError, refused=(TransactionRefused,)):
        spec = load_spec(chain)
        runtime = local_runtime(spec)
        async with connect(rpc) as client:
            yield Remote(await _opened(client, runtime), spec, Words(runtime, spec.properties))


async def _opened(client: Client, runtime: Runtime) -> ChainClient:
    try:
        return await ChainClient.open(client, runtime)
    except OtherChain as error:
        presets = ", ".join(PRESETS)
        raise Fault(
            f"{error}; --chain says which chain runs there: {presets}, or the file of its spec"
        ) from None
