"""What the targets decode: the development chain, some of its blocks, and encodings of every type it has."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

from genesis.build import Genesis, build_genesis
from genesis.presets.dev import dev, provider_uris
from genesis.spec import ChainSpec
from node.chain.chain import Chain, Position
from node.chain.logs import author_logs, dev_author
from node.chain.transaction import sign_transaction
from node.config import NodeConfig
from node.mempool.validate import Everything
from node.node import Node
from node.plugins import discover, runtime_digest
from node.storage import Database, RocksStates
from node.wallet.dev import dev_account
from pallets.balances import Balances
from runtime.crypto.derive import dev_public
from runtime.executive.builder import BlockBuilder
from runtime.frame.inherents import TIMESTAMP
from runtime.frame.late import RuntimeCall
from runtime.loader import load
from runtime.runtime import Runtime
from runtime.scale import AnyCodec
from runtime.state import MemoryStates
from runtime.types.account import Address
from runtime.types.block import Block
from support.fuzzing.shapes import Shapes

SEED = 20_260_101
START_MS = 1_750_000_000_000
ACCOUNTS_COUNT = 3
"""How many development accounts there are."""
ACCOUNTS = tuple(dev_public(f"//{name}") for name in ("Alice", "Bob", "Charlie"))
EVERYTHING = Everything()
PROVIDERS = tuple(dev_public(uri) for uri in provider_uris())


@cache
def spec() -> ChainSpec:
    return dev(accounts=ACCOUNTS_COUNT)


@cache
def runtime() -> Runtime:
    return load(spec().runtime, discover(), runtime_digest=runtime_digest())


@cache
def genesis() -> Genesis:
    return build_genesis(runtime(), spec().genesis, MemoryStates().head)


@cache
def head() -> Position:
    """The head that everything is judged over: the last of some blocks with transfers."""
    return _chain()[1]


@cache
def blocks() -> tuple[Block, ...]:
    return _chain()[0]


@cache
def _chain() -> tuple[tuple[Block, ...], Position]:
    first = genesis()
    position = Position(first.hash, first.block.header, first.state)
    made: list[Block] = []
    balances = runtime().pallets["Balances"]
    assert isinstance(balances, Balances)
    for nonce in range(3):
        raws = [
            sign_transaction(
                runtime(),
                position,
                balances.transfer_keep_alive.call(Address(ACCOUNTS[1]), 10**9),
                dev_account("Alice", kind),
                nonce,
            )
            for kind in ("sr25519", "ed25519")
        ]
        builder = begin(position)
        for raw in raws:
            builder.apply(raw)
        built = builder.finish()
        position = Position(built.block.header.hash, built.block.header, built.state)
        made.append(built.block)
    return tuple(made), position


def node_over(database: Database) -> Node:
    """A node of the development chain that is in a database, or begins in it."""
    return _node(RocksStates(database))


def node_at(path: Path) -> Node:
    """The same, in a folder."""
    return _node(RocksStates.open(path))


def _node(states: RocksStates) -> Node:
    try:
        chain = Chain(runtime(), states, genesis())
    except BaseException:
        states.close()
        raise
    return Node(NodeConfig(spec=spec(), base_path=Path("memory")), runtime(), chain)


def begin(parent: Position) -> BlockBuilder:
    """The block after `parent`, with its inherents; every signature in it holds."""
    logs = author_logs(runtime(), genesis().hash, dev_author())
    builder = runtime().build(parent.state, parent.header, logs=logs(parent), verified=EVERYTHING)
    now = START_MS + 6_000 * (parent.header.number + 1)
    for raw in builder.inherents({TIMESTAMP: now.to_bytes(8, "little")}):
        builder.apply(raw)
    return builder


def shapes(dice: Random | int) -> Shapes:
    """Random encodings, of a source of dice or of its number."""
    dice = Random(SEED + dice) if isinstance(dice, int) else dice
    return Shapes(dice, (*ACCOUNTS, *PROVIDERS, bytes(32)))


def call_codec() -> AnyCodec:
    return runtime().host.codec(RuntimeCall).target
