"""A chain seen over RPC, decoded by the runtime installed here: state, blocks, events, transactions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

from node.client.errors import (
    BadAnswer,
    NoAnswer,
    NotFinal,
    OtherChain,
    RemoteError,
    RpcRefusal,
    TransactionRefused,
    Unknown,
)
from node.client.fetched import FetchedState, Listing, Missing, MissingKeys
from node.client.rpc import Client
from node.client.shapes import (
    differences,
    ended,
    from_hex,
    maybe_bytes,
    maybe_hex,
    name_refusal,
    name_variant,
    read_header,
    to_hex,
)
from node.wallet.signer import Keypair
from pallets.system import System
from pallets.system.types import ApplyExtrinsic, EventRecord, ExtrinsicFailed
from pallets.transaction_payment.types import RuntimeDispatchInfo
from runtime.api.validity import Invalid, TransactionSource, TransactionValidityError, ValidTransaction
from runtime.api.validity import Unknown as UnknownValidity
from runtime.crypto import ss58
from runtime.executive.extrinsic import ED25519, SR25519, Extrinsic
from runtime.frame.host import Call
from runtime.frame.late import RuntimeCall
from runtime.manifest import CODE_KEY, Manifest
from runtime.runtime import Runtime
from runtime.scale import Codec, Err, Ok, codec_of
from runtime.types.block import Block, Header
from runtime.types.dispatch import DispatchErrorValue
from runtime.types.era import IMMORTAL, Era

T = TypeVar("T")

PAGE: Final = 256
"""Keys fetched at once, with their values."""
ROUNDS_MAX: Final = 4_096
"""How often a view may find that something more must be fetched."""
ERA_PERIOD: Final = 64
"""For how many blocks a transaction stays valid, unless the caller says otherwise."""
FINAL_SECONDS: Final = 120.0
"""How long a transaction may take to become final, unless the caller says otherwise."""
EXTERNAL: Final = int(TransactionSource.External)
_Validity: TypeAlias = Ok[ValidTransaction] | Err[TransactionValidityError]
_Outcome: TypeAlias = Ok[Ok[tuple[()]] | Err[DispatchErrorValue]] | Err[TransactionValidityError]
_VALIDITY: Final[Codec[_Validity]] = codec_of(_Validity)
_OUTCOME: Final[Codec[_Outcome]] = codec_of(_Outcome)
METHOD_NOT_FOUND: Final = -32601
POOL_CODES: Final = range(1000, 1100)
"""The codes with which a node refuses a transaction."""
_KINDS: Final = {"ed25519": ED25519, "sr25519": SR25519}


@dataclass(frozen=True, slots=True)
class Included:
    """A transaction in a block."""

    hash: bytes
    """The transaction's."""
    block_hash: bytes
    block_number: int
    index: int
    """Its place in the block."""
    events: tuple[Any, ...]
    """What it deposited, in order: the pallets' own records."""
    failure: str | None
    """Why its call was refused; None when it succeeded."""


class ViewTooLarge(RemoteError):
    """A question would read more of the chain than it is meant to."""

    def __init__(self) -> None:
        super().__init__(f"the question needs more than {ROUNDS_MAX} requests: narrow it")


class ChainClient:
    """One chain, through one node. Every answer is about the block `at`, or the best one when it is None."""

    def __init__(self, client: Client, runtime: Runtime) -> None:
        self.client = client
        self.runtime = runtime

    @classmethod
    async def open(cls, client: Client, runtime: Runtime) -> ChainClient:
        """The chain behind `client`, which must run this very runtime. Raises `OtherChain`."""
        code = await client.call("state_getStorage", to_hex(CODE_KEY))
        mine = runtime.manifest
        if code != to_hex(codec_of(Manifest).encode(mine)):
            raise OtherChain(f"the node at {client.url} runs another runtime: {differences(code, mine)}")
        return cls(client, runtime)

    # State.

    async def view(self, question: Callable[[], T], at: bytes | None = None) -> T:
        """What `question`, a function that reads pallets of `runtime`, answers over the state of a block.

        It is asked again each time that something it reads had to be fetched, so it must only read.
        """
        block_hash = await self.best_hash() if at is None else at
        header = await self.header(block_hash)
        state = FetchedState(header.state_root)
        for _ in range(ROUNDS_MAX):
            self.runtime.over(state, header.number)
            try:
                return question()
            except Missing as missing:
                state.values[missing.key] = await self.storage(missing.key, block_hash)
            except MissingKeys as missing:
                await self._list(state, missing, block_hash)
        raise ViewTooLarge

    async def _list(self, state: FetchedState, missing: MissingKeys, at: bytes) -> None:
        listing = state.listings.setdefault((missing.prefix, missing.after), Listing())
        start = listing.keys[-1] if listing.keys else missing.after
        keys = await self.keys(missing.prefix, PAGE, start, at)
        listing.keys += keys
        listing.is_whole = len(keys) < PAGE
        if keys:
            state.values.update(await self.storages(keys, at))

    async def storage(self, key: bytes, at: bytes | None = None) -> bytes | None:
        """The encoded value under a storage key."""
        return maybe_bytes(await self.client.call("state_getStorage", to_hex(key), maybe_hex(at)))

    async def storages(self, keys: list[bytes], at: bytes | None = None) -> dict[bytes, bytes | None]:
        """The encoded values under many storage keys."""
        answer = await self.client.call("state_queryStorageAt", [to_hex(key) for key in keys], maybe_hex(at))
        try:
            return {from_hex(key): maybe_bytes(value) for key, value in answer[0]["changes"]}
        except (LookupError, TypeError, ValueError) as error:
            raise BadAnswer("state_queryStorageAt", repr(error)) from None

    async def keys(
        self, prefix: bytes, count: int, after: bytes | None = None, at: bytes | None = None
    ) -> list[bytes]:
        """The first `count` storage keys under a prefix, behind `after`."""
        given = (to_hex(prefix), count, maybe_hex(after), maybe_hex(at))
        return [from_hex(key) for key in await self.client.call("state_getKeysPaged", *given)]

    async def ask(self, name: str, data: bytes, at: bytes | None = None) -> bytes:
        """The encoded answer of a runtime API."""
        return from_hex(await self.client.call("state_call", name, to_hex(data), maybe_hex(at)))

    # Blocks.

    async def best_hash(self) -> bytes:
        """The hash of the head."""
        return from_hex(await self.client.call("chain_getBlockHash"))

    async def finalized_hash(self) -> bytes:
        """The hash of the last final block."""
        return from_hex(await self.client.call("chain_getFinalizedHead"))

    async def hash_at(self, number: int) -> bytes:
        """The hash of the block at a height. Raises `Unknown`."""
        found = maybe_bytes(await self.client.call("chain_getBlockHash", number))
        if found is not None:
            return found
        if number > (await self.header(await self.best_hash())).number:
            raise Unknown(f"the chain has no block {number} yet")
        raise Unknown(
            f"the node at {self.client.url} does not know block {number}: it began later, at a checkpoint; "
            "ask one that has the whole chain"
        )

    async def header(self, block_hash: bytes) -> Header:
        """The header of a block, which hashes to what was asked for. Raises `Unknown`."""
        return read_header(await self.client.call("chain_getHeader", to_hex(block_hash)), block_hash)

    async def block(self, block_hash: bytes) -> Block:
        """A whole block. Raises `Unknown`."""
        answer = await self.client.call("chain_getBlock", to_hex(block_hash))
        if answer is None:
            raise Unknown(f"the node knows no block {to_hex(block_hash)}")
        try:
            extrinsics = tuple(from_hex(each) for each in answer["block"]["extrinsics"])
            return Block(read_header(answer["block"]["header"], block_hash), extrinsics)
        except (LookupError, TypeError, ValueError) as error:
            raise BadAnswer("chain_getBlock", repr(error)) from None

    async def events(self, block_hash: bytes) -> tuple[EventRecord, ...]:
        """The events of a block, in order."""
        system = self.system
        return await self.view(lambda: system.events, block_hash)

    @property
    def system(self) -> System:
        """The pallet that keeps accounts and events."""
        for pallet in self.runtime.pallets.values():
            if isinstance(pallet, System):
                return pallet
        raise OtherChain("the chain has no System pallet")

    # Transactions.

    async def nonce(self, who: bytes) -> int:
        """The nonce that the account's next transaction must carry, those in the pool counted."""
        address = ss58.encode(who, self.system.config.ss58_prefix)
        return int(await self.client.call("system_accountNextIndex", address))

    async def sign(
        self, call: Call, signer: Keypair, *, nonce: int | None = None, tip: int = 0, period: int = ERA_PERIOD
    ) -> bytes:
        """A signed transaction, valid for about `period` blocks (0: for ever) from the head on."""
        at = await self.best_hash()
        head = (await self.header(at)).number
        current = head - 1  # the last block whose hash the head's state knows
        era = Era.mortal(period, current) if period and current > 0 else IMMORTAL
        values = {
            "CheckMortality": era,
            "CheckNonce": await self.nonce(signer.public) if nonce is None else nonce,
            "ChargeTransactionPayment": tip,
        }
        parts = self.runtime.parts
        codec = parts.codec
        extras = codec.extras(tuple(values.get(each.identifier, ()) for each in parts.extensions))
        call_bytes = parts.host.codec(RuntimeCall).encode(call)
        kind = _KINDS[signer.kind]
        draft = codec.decode(codec.signed(signer.public, kind, bytes(64), extras, call_bytes))

        def payload() -> bytes:
            if head == 0:  # the state of block zero cannot hold its own hash
                self.system.block_hash[0] = at
            return codec.payload(draft, {})

        signature = signer.sign(await self.view(payload, at))
        return codec.signed(signer.public, kind, signature, extras, call_bytes)

    async def fee(self, raw: bytes, at: bytes | None = None) -> RuntimeDispatchInfo:
        """What a signed transaction weighs and costs, without its tip."""
        answer = await self.ask("TransactionPaymentApi_query_info", raw + len(raw).to_bytes(4, "little"), at)
        return codec_of(RuntimeDispatchInfo).decode(answer)

    async def validity(self, raw: bytes) -> str | None:
        """Why the chain would not take a signed transaction after the head; None when it would."""
        at = await self.best_hash()
        data = bytes((EXTERNAL,)) + raw + at
        answer = _VALIDITY.decode(await self.ask("TaggedTransactionQueue_validate_transaction", data, at))
        if isinstance(answer, Ok):
            return None
        error = answer.error
        return (
            name_variant(error.why) if isinstance(error, Invalid | UnknownValidity) else name_variant(error)
        )

    async def rehearse(self, raw: bytes) -> str | None:
        """Why the call of a valid transaction would be refused after the head; None when it would succeed.

        Only a node on this machine rehearses; of another one the answer is None too.
        """
        try:
            answer = from_hex(await self.client.call("system_dryRun", to_hex(raw)))
        except RpcRefusal as refusal:
            if refusal.code == METHOD_NOT_FOUND:
                return None
            raise
        outcome = _OUTCOME.decode(answer)
        if isinstance(outcome, Ok) and isinstance(outcome.value, Err):
            return self.refusal(outcome.value.error)
        return None

    async def submit(self, raw: bytes, *, timeout_s: float = FINAL_SECONDS) -> Included:
        """Send a signed transaction and wait until it is final.

        Raises `TransactionRefused` when it will not be included, and `NotFinal` when it takes too long. A
        call that was refused is told by `failure`.
        """
        watching = self.client.subscribe(
            "author_submitAndWatchExtrinsic", to_hex(raw), unsubscribe="author_unwatchExtrinsic"
        )
        try:
            async with watching as updates:
                while True:
                    match await updates.next(timeout_s):
                        case {"finalized": block_hash}:
                            return await self.included(raw, from_hex(block_hash))
                        case update if why := ended(update):
                            raise TransactionRefused(why)
                        case _:
                            pass
        except NoAnswer:
            raise NotFinal(timeout_s) from None
        except RpcRefusal as refusal:
            if refusal.code in POOL_CODES:
                raise TransactionRefused(refusal.words) from None
            raise

    async def included(self, raw: bytes, block_hash: bytes) -> Included:
        """What became of a transaction in a block that holds it. Raises `Unknown`."""
        block = await self.block(block_hash)
        if raw not in block.extrinsics:
            raise Unknown(f"block {to_hex(block_hash)} does not hold the transaction")
        index = block.extrinsics.index(raw)
        phase = ApplyExtrinsic(index)
        events = tuple(each.event for each in await self.events(block_hash) if each.phase == phase)
        failures = [self.refusal(each.dispatch_error) for each in events if isinstance(each, ExtrinsicFailed)]
        decoded: Extrinsic = self.runtime.decode(raw)
        return Included(
            decoded.hash, block_hash, block.header.number, index, events, failures[0] if failures else None
        )

    def refusal(self, error: Any) -> str:
        """The name of a refusal, and what it means: `Balances.ExistentialDeposit: The amount is less ...`."""
        return name_refusal(self.runtime, error)
