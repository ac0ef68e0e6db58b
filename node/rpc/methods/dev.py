"""`dev_*`: what a development chain lets its owner do: build blocks, move time, write storage, go back.

Everything goes the way that a user's transaction or an author's block goes, invariants included.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, Any, Final, TypeAlias, cast

from node.chain.author import AuthorStopped
from node.chain.chain import OtherRuntime, UnknownBlock
from node.chain.sealing import BadSealing, Instant, parse_sealing
from node.chain.snapshots import Snapshot
from node.chain.transaction import sign_transaction
from node.mempool.errors import PoolRefusal
from node.mempool.events import Dropped, Finalized, Invalid, Usurped
from node.mempool.watch import Watch
from node.rpc.errors import InvalidParams, RpcError
from node.rpc.methods.author import refused
from node.rpc.methods.backend import Backend, Call, Methods
from node.rpc.methods.shapes import to_hex
from node.rpc.methods.system import next_nonce
from node.rpc.params import U32, U64, Hash, Param, hex_bytes, refuse
from node.storage import StorageError
from node.wallet.signer import Keypair
from runtime.crypto.hashing import blake2b_256
from runtime.frame import Call as Dispatchable
from runtime.frame.bound import storage_prefix
from runtime.state import StateDiscarded, UnfinalizedTooDeep

BLOCKS_MAX: Final = 1_000
"""The most blocks that one call builds."""
ITEMS_MAX: Final = 1_000
"""The most items of storage that one call writes."""
MS_MAX: Final = 1 << 53
"""The latest time that the clock is set to."""
REFUSED: Final = 6100
"""The chain does not take what was asked of it."""
KEY: Final = "//Alice"
"""Whose key is Root on a development chain."""
NOW: Final = storage_prefix("Timestamp", "Now")

Item: TypeAlias = tuple[bytes, bytes | None]


def _item(given: object) -> Item:
    value = given
    pair = cast("list[object]", value) if isinstance(value, list) else []
    if len(pair) != 2:
        raise refuse("an array of a key and a value", given)
    read = hex_bytes("bytes in hex").convert
    return cast("bytes", read(pair[0])), None if pair[1] is None else cast("bytes", read(pair[1]))


Items: TypeAlias = list[Annotated[Item, Param("an array of a key in hex and a value in hex or null", _item)]]

methods: Methods = Methods()


@methods.method("dev_seal", unsafe=True)
async def seal(ctx: Call, count: U32 = 1, finalize: bool = True) -> list[str]:
    """Build blocks now, each over the one before, and make them final unless told not to; their hashes."""
    if not 1 <= count <= BLOCKS_MAX:
        raise InvalidParams(f"'count' (position 1): expected 1 to {BLOCKS_MAX} blocks, got {count}")
    with _refusals():
        return [to_hex(await ctx.node.sealer.seal(finalize=finalize)) for _ in range(count)]


@methods.method("dev_finalize", unsafe=True)
async def finalize(ctx: Call, hash: Hash | None = None) -> str:
    """Make a block and its ancestors final, the head without a hash; the hash of the last final block."""
    chain = ctx.node.chain
    wanted = hash or chain.best.hash
    with _refusals():
        if not chain.is_finalized(wanted):
            await ctx.node.heads.finalize(wanted)
    return to_hex(chain.finalized.hash)


@methods.method("dev_setSealing", unsafe=True)
async def set_sealing(ctx: Call, sealing: str) -> None:
    """Build blocks `instant`, `manual`, or every so many seconds from now on, as `--seal` does."""
    try:
        ctx.node.sealer.change(parse_sealing(sealing))
    except BadSealing as error:
        raise InvalidParams(f"'sealing' (position 1): {error}") from None


# Time.


@methods.method("dev_setTime", unsafe=True)
async def set_time(ctx: Call, now_ms: U64) -> int:
    """Let it be so many milliseconds since the Unix epoch, and go on from there; never before the head."""
    raw = ctx.node.chain.best.state.get(NOW)
    last = int.from_bytes(raw or b"", "little")
    if not last <= now_ms <= MS_MAX:
        allowed = f"from {last}, which is the head's, to {MS_MAX}"
        raise RpcError(REFUSED, f"the time must be {allowed}; got {now_ms}")
    ctx.node.clock.set(now_ms)
    return ctx.node.clock.now_ms()


@methods.method("dev_increaseTime", unsafe=True)
async def increase_time(ctx: Call, by_ms: U64) -> int:
    """Let so many milliseconds pass at once; the time that it is then."""
    return await set_time(ctx, ctx.node.clock.now_ms() + by_ms)


# Storage.


@methods.method("dev_setStorage", unsafe=True)
async def set_storage(ctx: Call, items: Items) -> str:
    """Write storage by a transaction of the sudo key, null removes; the hash of its block, which is final.

    Refused with the invariant's name when the block would break one.
    """
    if not 1 <= len(items) <= ITEMS_MAX:
        raise InvalidParams(f"'items' (position 1): expected 1 to {ITEMS_MAX} items, got {len(items)}")
    node, signer = ctx.node, Keypair.from_suri(KEY)
    call = _pallet(node, "Sudo").sudo.call(_writing(node, items))
    nonce = next_nonce(node, signer.public)
    transaction = sign_transaction(node.runtime, node.chain.best, call, signer, nonce)
    with node.mempool.watch(blake2b_256(transaction)) as watch, _refusals():
        await node.mempool.submit(transaction)
        if not isinstance(node.sealer.sealing, Instant):
            await node.sealer.seal()
        block_hash = await _final(watch)
    state = node.chain.at(block_hash).state
    for key, value in dict(items).items():
        if state.get(key) != value:
            reason = "the sudo call was refused, or a hook wrote it again"
            raise RpcError(REFUSED, f"{to_hex(key)} does not hold the value after the block: {reason}")
    return to_hex(block_hash)


def _writing(node: Backend, items: list[Item]) -> Dispatchable:
    """The call that writes and removes, all or nothing."""
    system = _pallet(node, "System")
    put = tuple((key, value) for key, value in items if value is not None)
    killed = tuple(key for key, value in items if value is None)
    calls: list[Dispatchable] = []
    if put:
        calls.append(system.set_storage.call(put))
    if killed:
        calls.append(system.kill_storage.call(killed))
    return calls[0] if len(calls) == 1 else _pallet(node, "Utility").batch_all.call(tuple(calls))


def _pallet(node: Backend, name: str) -> Any:
    pallet = node.runtime.pallets.get(name)
    if pallet is None:
        raise RpcError(REFUSED, f"the chain has no pallet {name}")
    return pallet


async def _final(watch: Watch) -> bytes:
    """The block that holds a watched transaction, once it is final."""
    async for event in watch:
        match event:
            case Finalized(block=block):
                return block
            case Invalid(reason=reason) | Dropped(reason=reason):
                raise RpcError(REFUSED, reason)
            case Usurped(by=by):
                raise RpcError(REFUSED, f"{to_hex(by)} has taken the transaction's place")
            case _:
                pass
    raise RpcError(REFUSED, "the transaction was lost")


# Going back.


@methods.method("dev_snapshot", unsafe=True)
async def snapshot(ctx: Call) -> str:
    """Remember the head, which must be final; by what to go back to it."""
    chain = ctx.node.chain
    if chain.best.hash != chain.finalized.hash:
        raise RpcError(REFUSED, "the head is not final: call dev_finalize first")
    number = chain.finalized.header.number
    return hex(ctx.node.snapshots.take(Snapshot(number, chain.finalized.hash, ctx.node.clock.offset_ms)))


@methods.method("dev_revert", unsafe=True)
async def revert(ctx: Call, snapshot: str) -> str:
    """Go back to a snapshot, used up with all later ones: chain, clock, an empty pool; the head's hash."""
    node = ctx.node
    number = _number_of(snapshot)
    found = node.snapshots.find(number)
    if found is None:
        raise RpcError(REFUSED, f"there is no snapshot {hex(number)}")
    if node.chain.hash_at(found.number) != found.hash:
        raise RpcError(REFUSED, f"the block of snapshot {hex(number)} is no longer on the chain")
    with _refusals():
        await node.sealer.rewind(found.number)
    node.clock.offset_ms = found.clock_offset_ms
    node.snapshots.forget_from(number)
    return to_hex(found.hash)


def _number_of(snapshot: str) -> int:
    try:
        return int(snapshot, 16)
    except ValueError:
        raise InvalidParams("'snapshot' (position 1): expected what dev_snapshot gave") from None


@contextmanager
def _refusals() -> Generator[None, None, None]:
    """What the chain says no to, told to the caller in its own words."""
    try:
        yield
    except PoolRefusal as refusal:
        raise refused(refusal) from refusal
    except (
        AuthorStopped,
        OtherRuntime,
        UnknownBlock,
        StateDiscarded,
        UnfinalizedTooDeep,
        StorageError,
    ) as refusal:
        raise RpcError(REFUSED, str(refusal)) from refusal
