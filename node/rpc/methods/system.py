"""`system_*`: the node and its chain, the next nonce of an account, and dry runs."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final, TypeAlias

from node.rpc.errors import RpcError
from node.rpc.methods.backend import Backend, Call, Methods, position_at
from node.rpc.methods.shapes import to_hex
from node.rpc.params import Account, Hash, HexBytes
from runtime.api import call
from runtime.api.validity import TransactionValidityError, refusal_of
from runtime.executive.extensions import nonce_tag
from runtime.frame import validity
from runtime.frame.invalid import InvalidBlock
from runtime.scale import DecodeError, Err, Ok, Result, codec_of
from runtime.types.dispatch import DispatchResult

NAME: Final = "Ballast Node"
DISTRIBUTION: Final = "ballast-chain"
RUNTIME_ERROR: Final = 1
DECODE_ERROR: Final = 2

ApplyExtrinsicResult: TypeAlias = Result[DispatchResult, TransactionValidityError]
_APPLIED: Final = codec_of(ApplyExtrinsicResult)

methods: Methods = Methods()


@methods.method("system_name")
async def system_name(ctx: Call) -> str:
    """What this program is."""
    return NAME


@methods.method("system_version")
async def system_version(ctx: Call) -> str:
    """Its version."""
    return version(DISTRIBUTION)


@methods.method("system_chain")
async def system_chain(ctx: Call) -> str:
    """What people call the chain."""
    return ctx.node.config.spec.name


@methods.method("system_chainType")
async def system_chain_type(ctx: Call) -> str:
    """What the chain is for."""
    return "Development" if ctx.node.config.development else "Live"


@methods.method("system_properties")
async def system_properties(ctx: Call) -> object:
    """What clients show amounts and addresses with."""
    return dict(ctx.node.config.spec.properties)


@methods.method("system_health")
async def system_health(ctx: Call) -> object:
    """Whether the node is well: how many peers it has, and whether it is far behind them. A development chain
    has none, and needs none.
    """
    peering = ctx.node.peering
    if peering is None:
        return {"peers": 0, "isSyncing": False, "shouldHavePeers": False}
    peers = len(peering.network.peers())
    return {"peers": peers, "isSyncing": peering.sync.stats.is_syncing, "shouldHavePeers": True}


@methods.method("system_peers")
async def system_peers(ctx: Call) -> list[object]:
    """Whom the node is connected to, each by its key in hex. Peers are not asked for their heads here, so
    those are zeros.
    """
    peering = ctx.node.peering
    if peering is None:
        return []
    return [
        {
            "peerId": each.peer.hex(),
            "roles": "AUTHORITY" if each.is_reserved else "FULL",
            "bestHash": to_hex(bytes(32)),
            "bestNumber": 0,
        }
        for each in peering.network.stats().peers
    ]


@methods.method("system_nodeRoles")
async def system_node_roles(ctx: Call) -> list[str]:
    """What the node does."""
    peering = ctx.node.peering
    return ["Authority" if peering is None or peering.is_voting else "Full"]


@methods.method("system_localPeerId")
async def system_local_peer_id(ctx: Call) -> str:
    """The key by which peers know the node, in hex; empty on a development chain."""
    peering = ctx.node.peering
    return "" if peering is None else peering.network.me.hex()


@methods.method("system_localListenAddresses")
async def system_local_listen_addresses(ctx: Call) -> list[str]:
    """Where peers reach the node."""
    peering = ctx.node.peering
    address = None if peering is None else peering.network.address
    return [] if address is None else [str(address)]


@methods.method("system_syncState")
async def system_sync_state(ctx: Call) -> object:
    """How far the node has come."""
    number = ctx.node.chain.best.header.number
    peering = ctx.node.peering
    if peering is None:
        return {"startingBlock": 0, "currentBlock": number, "highestBlock": number}
    stats = peering.sync.stats
    return {
        "startingBlock": stats.starting,
        "currentBlock": number,
        "highestBlock": max(number, stats.highest),
    }


@methods.method("system_accountNextIndex", aliases=("account_nextIndex",))
async def account_next_index(ctx: Call, account: Account) -> int:
    """The nonce of the account's next transaction, behind those that wait in the pool."""
    return next_nonce(ctx.node, account)


def next_nonce(node: Backend, account: bytes) -> int:
    """The nonce of the account's next transaction, behind those that are ready in the pool."""
    best = node.chain.best
    answer = call(node.runtime, best.state, best.header, "AccountNonceApi_account_nonce", account)
    nonce = int.from_bytes(answer, "little")
    while node.mempool.pool.provides(nonce_tag(account, nonce)):
        nonce += 1
    return nonce


@methods.method("system_dryRun", aliases=("system_dryRunAt",), unsafe=True)
async def dry_run(ctx: Call, extrinsic: HexBytes, at: Hash | None = None) -> str:
    """How a transaction would end in the block after this one: SCALE of `ApplyExtrinsicResult`."""
    block = position_at(ctx.node, at)
    try:
        decoded = ctx.node.runtime.decode(extrinsic)
    except DecodeError as error:
        raise RpcError(DECODE_ERROR, "Unable to dry run extrinsic", str(error)) from error
    try:
        applied = ctx.node.runtime.dry_run(block.state, block.header, decoded)
    except validity.TransactionValidityError as refusal:
        return to_hex(_APPLIED.encode(Err(refusal_of(refusal))))
    except InvalidBlock as error:
        raise RpcError(RUNTIME_ERROR, "Unable to dry run extrinsic.", str(error)) from error
    return to_hex(_APPLIED.encode(Ok(Ok(()) if applied.failure is None else Err(applied.failure))))
