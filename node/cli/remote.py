"""How commands reach a chain: the runtime of `--chain`, the node at `--rpc`, held against each other.

Where the node runs another runtime, and the store of the data folder holds it, the command goes on with that
one.
"""

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
from node.cli.places import data_folder
from node.cli.words import Words
from node.client import ChainClient, Client, OtherChain, RemoteError, TransactionRefused, connect
from node.client.shapes import maybe_bytes, to_hex
from node.plugins import PluginError
from node.runtimes.change import become
from node.runtimes.here import HOME, runtime_here, spec_here
from node.runtimes.store import RuntimeDamaged, Store
from runtime.lifecycle import LoadError
from runtime.manifest import CODE_KEY
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
    """The runtime of a chain spec, as this process runs it. Raises SpecError, LoadError and PluginError."""
    return runtime_here(spec)


@asynccontextmanager
async def reach(rpc: str, chain: str) -> AsyncGenerator[Remote]:
    """The chain at `rpc`, which must be `chain`; whatever goes wrong with it is a Fault."""
    with expected(
        SpecError, LoadError, PluginError, RuntimeDamaged, RemoteError, refused=(TransactionRefused,)
    ):
        spec = spec_here(load_spec(chain))
        runtime = local_runtime(spec)
        async with connect(rpc) as client:
            yield Remote(await _opened(client, runtime), spec, Words(runtime, spec.properties))


async def _opened(client: Client, runtime: Runtime) -> ChainClient:
    try:
        return await ChainClient.open(client, runtime)
    except OtherChain as error:
        code = maybe_bytes(await client.call("state_getStorage", to_hex(CODE_KEY)))
        held = None if code is None else Store(data_folder()).find(code)
        if held is not None and held.folder.resolve() != HOME:
            become(held)
        presets = ", ".join(PRESETS)
        raise Fault(
            f"{error}; --chain says which chain runs there: {presets}, or the file of its spec"
        ) from None
