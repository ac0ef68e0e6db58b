"""The mempool as the node uses it: bytes in, verified beside, judged over the best block, pooled.

Everything but the verification happens in this process between two awaits, so that a judgement and the entry
into the pool are about the same block.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple, Protocol

import trio

from node.mempool.errors import BadFormat, InvalidTransaction, PoolRefusal, UnknownValidity
from node.mempool.events import Event, Future, Invalid
from node.mempool.pool import Included, Pool
from node.mempool.transaction import PoolLimits, Transaction
from node.mempool.verifier import VerifiedSet, Verifier
from node.mempool.watch import Watch, Watchers
from runtime.crypto.hashing import blake2b_256
from runtime.executive.extrinsic import Extrinsic, Proof
from runtime.frame.validity import TransactionValidityError, ValidTransaction
from runtime.scale import DecodeError
from runtime.types.account import Address

INVALID_KIND: Final = 0


class Validator(Protocol):
    """The runtime's judgement of transactions over one block."""

    def payload(self, extrinsic: Extrinsic) -> bytes:
        """What the signature of a signed extrinsic covers. Raises `TransactionValidityError`."""
        ...

    def validate(self, extrinsic: Extrinsic, *, verified: Container[Proof] = ()) -> ValidTransaction:
        """Its priority, tags and longevity. Raises `TransactionValidityError`."""
        ...


class Head(NamedTuple):
    """The best block, as the pool sees it."""

    number: int
    decode: Callable[[bytes], Extrinsic]
    """An extrinsic of its runtime; raises DecodeError."""
    validator: Validator


class Everything(Container[Proof]):
    """The container of all proofs: for extrinsics whose signatures were verified elsewhere."""

    def __contains__(self, key: object) -> bool:
        return True


def proof_of(validator: Validator, extrinsic: Extrinsic) -> Proof | None:
    """What must be verified of an extrinsic over one block; None when unsigned, or its signer is no account.

    Raises `TransactionValidityError` when what was signed is no longer known.
    """
    signature = extrinsic.signature
    if signature is None or not isinstance(signature.address, Address):
        return None
    payload = validator.payload(extrinsic)
    return signature.kind, signature.address.account, payload, signature.signature


class Mempool:
    """The pool with what surrounds it: the runtime's judgement, the verifier, the watchers."""

    def __init__(
        self, head: Callable[[], Head], verifier: Verifier | None = None, limits: PoolLimits | None = None
    ) -> None:
        """`head` gives the best block at any time; without `verifier` signatures are verified inline."""
        self.pool = Pool(limits)
        self.verifier = verifier or Verifier()
        self.verified = VerifiedSet()
        """Proofs found good: give it to whoever builds or executes a block."""
        self.watchers = Watchers()
        self.spread: Callable[[bytes], None] | None = None
        """Tells peers of a transaction that entered here; None without peers."""
        self._head = head
        self._arrival = trio.Event()

    # Entering.

    async def submit(self, data: bytes, *, is_local: bool = True) -> bytes:
        """Take an encoded extrinsic; returns its hash. Raises PoolRefusal. Peers are told of one that is
        `is_local`: that they did not bring.
        """
        transaction = blake2b_256(data)
        head = self._head()
        self.pool.screen(transaction, head.number)
        extrinsic = _decode(head, data)
        with _refusals():
            proof = proof_of(head.validator, extrinsic)
        if proof is not None and proof not in self.verified:
            (holds,) = await self.verifier.verify([proof])
            if holds:
                self.verified.add(proof)
            else:
                self.pool.ban(transaction, head.number)
                raise InvalidTransaction("Transaction has a bad signature")
        head = self._head()
        with _refusals():
            validity = head.validator.validate(extrinsic, verified=self.verified)
        self._tell(self.pool.submit(_transaction(transaction, extrinsic, validity), head.number))
        if is_local and validity.propagate and self.spread is not None:
            self.spread(data)
        return transaction

    @contextmanager
    def watch(self, transaction: bytes) -> Generator[Watch, None, None]:
        """The events of a transaction from now on; open it before `submit` to miss none."""
        with self.watchers.watch(transaction) as watch:
            yield watch

    async def wait_ready(self) -> None:
        """Return once a transaction is ready for a block: at once when one is already."""
        while not self.pool.ready:
            await self._arrival.wait()
        await trio.lowlevel.checkpoint()

    # Blocks.

    def on_block(
        self, block: bytes, number: int, extrinsics: Sequence[bytes], parent: Head | None = None
    ) -> None:
        """A new best block, of which `head` answers by now.

        `parent` tells the tags of extrinsics that the pool does not hold.
        """
        included = [self._included(index, data, parent) for index, data in enumerate(extrinsics)]
        events = self.pool.on_block(block, number, included)
        self._tell(events)
        self._judge(self._postponed(events))

    def _included(self, index: int, data: bytes, parent: Head | None) -> Included:
        transaction = blake2b_256(data)
        if parent is None or transaction in self.pool:
            return Included(transaction, index)
        try:
            validity = parent.validator.validate(parent.decode(data), verified=Everything())
        except (DecodeError, TransactionValidityError):
            return Included(transaction, index)
        return Included(transaction, index, validity.provides)

    def finalize(self, block: bytes) -> None:
        """A block is final."""
        self._tell(self.pool.finalize(block))

    async def retract(self, block: bytes) -> None:
        """A block has left the best chain: what it held waits again, unless it is not valid any more.

        All that waits is judged anew, for the tags that the block provided may be missing now.
        """
        events, transactions = self.pool.retract(block)
        self._tell(events)
        self._judge(self.pool.transactions())
        for transaction in transactions:
            try:
                await self.submit(transaction.data, is_local=False)
            except PoolRefusal as refusal:
                if transaction.hash not in self.pool:
                    self._tell([Invalid(transaction.hash, str(refusal))])

    def remove_invalid(self, transaction: bytes, reason: str) -> None:
        """The author found it invalid."""
        self._tell(self.pool.remove_invalid(transaction, reason, self._head().number))

    def clear(self, reason: str) -> None:
        """Empty the pool: the chain was taken back, and nothing that was judged over it counts."""
        self._tell(self.pool.clear(reason))

    def revalidate(self, count: int) -> int:
        """Judge anew at most `count` transactions not judged over the best block, the longest ago first."""
        transactions = self.pool.oldest_checked(self._head().number, count)
        self._judge(transactions)
        return len(transactions)

    def _judge(self, transactions: Iterable[Transaction]) -> None:
        """Judge anew, and with each one that falls what depended on it."""
        head = self._head()
        pending = deque(transactions)
        while pending:
            old = pending.popleft()
            if old.hash not in self.pool:
                continue
            try:
                extrinsic = head.decode(old.data)
                validity = head.validator.validate(extrinsic, verified=self.verified)
            except (DecodeError, TransactionValidityError) as refusal:
                events = self.pool.remove_invalid(old.hash, str(refusal), head.number)
                self._tell(events)
                pending.extend(self._postponed(events))
            else:
                self._tell(self.pool.revalidated(_transaction(old.hash, extrinsic, validity), head.number))

    def _postponed(self, events: list[Event]) -> list[Transaction]:
        """Those that became future: perhaps the chain provides by now what they miss."""
        found = (self.pool.find(event.hash) for event in events if isinstance(event, Future))
        return [transaction for transaction in found if transaction is not None]

    def _tell(self, events: list[Event]) -> None:
        self.watchers.publish(events)
        if self.pool.ready and self._arrival.statistics().tasks_waiting:
            self._arrival.set()
            self._arrival = trio.Event()


def _decode(head: Head, data: bytes) -> Extrinsic:
    try:
        return head.decode(data)
    except DecodeError as error:
        raise BadFormat(str(error)) from error


@contextmanager
def _refusals() -> Generator[None, None, None]:
    """The runtime's refusals as the pool's."""
    try:
        yield
    except TransactionValidityError as error:
        kind = InvalidTransaction if error.kind == INVALID_KIND else UnknownValidity
        raise kind(str(error)) from error


def _transaction(transaction: bytes, extrinsic: Extrinsic, validity: ValidTransaction) -> Transaction:
    signature = extrinsic.signature
    sender = signature.address.account if signature and isinstance(signature.address, Address) else None
    return Transaction(
        hash=transaction,
        data=extrinsic.raw,
        priority=validity.priority,
        requires=validity.requires,
        provides=validity.provides,
        longevity=validity.longevity,
        propagate=validity.propagate,
        sender=sender,
    )
