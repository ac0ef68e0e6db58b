"""Preimages: the encodings of calls that are named by their hash before they run.

Anybody may note one for a deposit, and take it away while nobody needs it. What is needed (a referendum
approved, a task scheduled) is requested: it stays until the last who requested it lets go, and whoever notes
a preimage that is waited for pays nothing. Calls, storage, events and errors are Substrate's
`pallet_preimage`; deposits are holds.
"""

from __future__ import annotations

from typing import Annotated, Final

from governance.preimages import types as t
from runtime.crypto.hashing import blake2b_256
from runtime.frame import (
    Call,
    Identity,
    Overflow,
    Pallet,
    PostInfo,
    Root,
    RuntimeCall,
    Signed,
    StorageMap,
    call,
    constant,
    hookimpl,
)
from runtime.frame.governance import INLINE_MAX, BoundedCall, Inline, Legacy, Lookup
from runtime.frame.interfaces import Currency
from runtime.scale import U32, DecodeError, Max
from runtime.types import AccountId, Balance, Hash, Weight, db
from runtime.types.limits import BLOCK_LENGTH

BYTES_MAX: Final = BLOCK_LENGTH.max.normal - 1_024
"""The longest preimage: what a block has for transactions, less what the one that notes it is besides.
Substrate's 4 MiB would find no block.
"""
REQUESTS_MAX: Final = (1 << 32) - 1
BYTE_PICOSECONDS: Final = 10_000
"""What a byte takes that is carried, hashed twice and stored."""
FREE: Final = PostInfo(pays=False)
HOLD: Final = t.Preimage()
MOVE: Final = db(reads=4, writes=5)
"""A status, a preimage, and a deposit that is held or released."""
Blob = Annotated[bytes, Max(BYTES_MAX)]


def weight_of_note(bytes_: bytes) -> Weight:
    """The preimage hashed and stored, by its length."""
    return db(reads=4, writes=5, compute=len(bytes_) * BYTE_PICOSECONDS)


class Preimage(Pallet[t.PreimageEvent, t.PreimageError]):
    """Keeps preimages."""

    hold_reason = t.HoldReason
    config: t.Config
    coin: Currency

    request_status_for = StorageMap[Hash, t.RequestStatus](
        hasher=Identity, doc="The request status of a given hash."
    )
    preimage_for = StorageMap[tuple[Hash, U32], Blob](
        hasher=Identity, doc="The preimages stored, by hash and length."
    )

    # Calls.

    @call(index=0, weight=weight_of_note)
    def note_preimage(self, origin: Root | Signed, bytes_: bytes) -> PostInfo:
        """Register a preimage on-chain. It is free if the preimage was requested before; otherwise coins are
        on hold for it while it is kept. Root pays nothing.
        """
        who = origin.who if isinstance(origin, Signed) else None
        was_requested = self._note(bytes_, who)
        return PostInfo(pays=not was_requested and who is not None)

    @call(index=1, weight=MOVE)
    def unnote_preimage(self, origin: Root | Signed, hash: Hash) -> None:
        """Clear an unrequested preimage from the runtime storage. Whoever noted it has the deposit back; a
        preimage that is requested stays all the same.
        """
        status = self.request_status_for.get(hash)
        if status is None:
            raise t.NotNoted
        ticket = self._ticket_of(status)
        if isinstance(origin, Signed) and (ticket is None or ticket[0] != origin.who):
            raise t.NotAuthorized
        if ticket is None:
            self._unrequest(hash)
            return
        self.coin.release(HOLD, *ticket)
        if isinstance(status, t.RequestedStatus):
            self.request_status_for[hash] = status.replace(maybe_ticket=None)
        else:
            assert isinstance(status, t.Unrequested)
            self._forget(hash, status.len)

    @call(index=2, weight=MOVE)
    def request_preimage(self, origin: Root, hash: Hash) -> PostInfo:
        """Request a preimage be uploaded to the chain without paying any fees or deposits. One that is there
        already stays.
        """
        self._request(hash)
        return FREE

    @call(index=3, weight=MOVE)
    def unrequest_preimage(self, origin: Root, hash: Hash) -> PostInfo:
        """Clear a previously made request for a preimage; with the last one, and nobody's deposit on it, the
        preimage goes too.
        """
        self._unrequest(hash)
        return FREE

    # Constants.

    @constant
    def preimage_bytes_max(self) -> U32:
        """How long a preimage may be, in bytes."""
        return BYTES_MAX

    # runtime.frame.governance.Preimages

    def bound(self, call: Call) -> BoundedCall:
        encoded = self.host.codec(RuntimeCall).encode(call)
        if len(encoded) <= INLINE_MAX:
            return Inline(encoded)
        hash = blake2b_256(encoded)
        self._request(hash)
        if self._length_of(self.request_status_for.get(hash)) is None:
            self._note(encoded, None)
        return Lookup(hash, len(encoded))

    def have(self, bounded: BoundedCall) -> bool:
        return self._find(bounded) is not None

    def peek(self, bounded: BoundedCall) -> Call:
        encoded = self._find(bounded)
        if encoded is None:
            raise t.NotNoted
        try:
            found: Call = self.host.codec(RuntimeCall).decode(encoded)
        except DecodeError:
            raise t.NoCall from None
        return found

    def request(self, bounded: BoundedCall) -> None:
        if isinstance(bounded, (Legacy, Lookup)):
            self._request(bounded.hash)

    def drop(self, bounded: BoundedCall) -> None:
        if isinstance(bounded, (Legacy, Lookup)) and isinstance(
            self.request_status_for.get(bounded.hash), t.RequestedStatus
        ):
            self._unrequest(bounded.hash)

    # Below the calls.

    def _find(self, bounded: BoundedCall) -> bytes | None:
        if isinstance(bounded, Inline):
            return bounded.data
        assert isinstance(bounded, (Legacy, Lookup))
        length = self._length_of(self.request_status_for.get(bounded.hash))
        if length is None or (isinstance(bounded, Lookup) and bounded.len != length):
            return None
        return self.preimage_for.get((bounded.hash, length))

    def _note(self, encoded: bytes, who: AccountId | None) -> bool:
        """Store a preimage; whether it was waited for."""
        if len(encoded) > BYTES_MAX:
            raise t.TooBig
        hash, length = blake2b_256(encoded), len(encoded)
        status = self.request_status_for.get(hash)
        if self._length_of(status) is not None:
            raise t.AlreadyNoted
        was_requested = isinstance(status, t.RequestedStatus)
        if isinstance(status, t.RequestedStatus):
            status = status.replace(maybe_len=length)
        elif who is None:
            status = t.RequestedStatus(None, 1, length)
        else:
            deposit = self._deposit(length)
            self.coin.hold(HOLD, who, deposit)
            status = t.Unrequested((who, deposit), length)
        self.request_status_for[hash] = status
        self.preimage_for[hash, length] = encoded
        self.emit(t.Noted(hash))
        return was_requested

    def _request(self, hash: bytes) -> None:
        """One need more."""
        status = self.request_status_for.get(hash)
        if isinstance(status, t.RequestedStatus):
            if status.count >= REQUESTS_MAX:
                raise Overflow
            self.request_status_for[hash] = status.replace(count=status.count + 1)
            return
        if status is None:
            self.request_status_for[hash] = t.RequestedStatus(None, 1, None)
            self.emit(t.Requested(hash))
            return
        assert isinstance(status, t.Unrequested)
        self.request_status_for[hash] = t.RequestedStatus(status.ticket, 1, status.len)
        self.emit(t.Requested(hash))

    def _unrequest(self, hash: bytes) -> None:
        """One need less; raises `NotRequested`."""
        status = self.request_status_for.get(hash)
        if not isinstance(status, t.RequestedStatus):
            raise t.NotRequested
        if status.count > 1:
            self.request_status_for[hash] = status.replace(count=status.count - 1)
        elif status.maybe_len is None:
            del self.request_status_for[hash]
        elif status.maybe_ticket is None:
            self._forget(hash, status.maybe_len)
        else:
            self.request_status_for[hash] = t.Unrequested(status.maybe_ticket, status.maybe_len)

    def _forget(self, hash: bytes, length: int) -> None:
        del self.request_status_for[hash]
        del self.preimage_for[hash, length]
        self.emit(t.Cleared(hash))

    def _deposit(self, length: int) -> Balance:
        return self.config.base_deposit + length * self.config.byte_deposit

    @staticmethod
    def _ticket_of(status: t.RequestStatus | None) -> tuple[AccountId, Balance] | None:
        if isinstance(status, t.Unrequested):
            return status.ticket
        return status.maybe_ticket if isinstance(status, t.RequestedStatus) else None

    @staticmethod
    def _length_of(status: t.RequestStatus | None) -> int | None:
        if isinstance(status, t.Unrequested):
            return status.len
        return status.maybe_len if isinstance(status, t.RequestedStatus) else None

    @hookimpl
    def try_state(self) -> None:
        """Each preimage hashes to its name and has a status that knows its length; each deposit is held."""
        held: dict[bytes, int] = {}
        known: set[tuple[bytes, int]] = set()
        for hash, status in self.request_status_for.items():
            length, ticket = self._length_of(status), self._ticket_of(status)
            if isinstance(status, t.RequestedStatus):
                assert status.count, f"0x{hash.hex()} is requested by nobody"
            if length is not None:
                known.add((hash, length))
                encoded = self.preimage_for.get((hash, length))
                assert encoded is not None and len(encoded) == length and blake2b_256(encoded) == hash, (
                    f"the preimage of 0x{hash.hex()}"
                )
            if ticket is not None:
                held[ticket[0]] = held.get(ticket[0], 0) + ticket[1]
        for hash, length in self.preimage_for:
            assert (hash, length) in known, f"nobody knows the preimage of 0x{hash.hex()}"
        for who, amount in held.items():
            assert self.coin.on_hold(HOLD, who) == amount, f"deposits of 0x{who.hex()}"
