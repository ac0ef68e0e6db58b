"""Proxy: keys that act for an account, each within what its type allows, at once or after a delay.

    add_proxy --> proxy                                        (no delay)
        '-------> announce --delay--> proxy_announced          (with one)
                      '--reject_announcement, by the account; remove_announcement, by the proxy

    create_pure --> an account without a key, which only its proxies can act for --> kill_pure

What a proxy's type allows is said in the chain spec, by the names of pallets and calls, and holds for the
call and for whatever it makes in turn, however that is wrapped. A limited proxy gains no power through this
pallet either: it grants no type that may do more than its own, and promises nothing for later.
"""

from __future__ import annotations

from typing import Final

from pallets.proxy import types as t
from pallets.proxy.registry import Registry, pure_account
from runtime.crypto.hashing import blake2b_256
from runtime.frame import (
    Call,
    DispatchError,
    Exhausted,
    PostInfo,
    RuntimeCall,
    Signed,
    call,
    lookup,
)
from runtime.frame.host import CallFiltered, Filter
from runtime.scale import U16, U32, Compact, Err, Ok
from runtime.types import AccountId, Balance, BlockNumber, Hash, MultiAddress, Weight, db
from runtime.types.dispatch import DispatchResult

FIND: Final = db(reads=1, compute=100_000_000)
"""A look at the proxies of an account."""
FILTER: Final = Weight(200_000_000, 0)
"""The list of a proxy type, looked up for a call that is made."""
DEPOSIT: Final = db(reads=2, writes=2, compute=20_000_000)
"""A deposit that changes: an account and what it has on hold."""
PROXIES: Final = db(reads=2, writes=2, compute=150_000_000) + DEPOSIT.times(2)
"""An account's proxies changed, with what it and its spawner pay for them."""
PENDING: Final = db(reads=1, writes=1, compute=150_000_000) + DEPOSIT
"""A proxy's announcements changed."""
PROXY: Final = FIND + FILTER
"""What acting for another costs beside the call."""
BYTE: Final = Weight(100_000, 0)
"""A byte of a call that is written out to be hashed."""


def weight_of_proxy(real: MultiAddress, force_proxy_type: t.ProxyType | None, call: Call) -> Weight:
    """The wrapper, and the call."""
    return PROXY + call.weight


def weight_of_announced(
    delegate: MultiAddress, real: MultiAddress, force_proxy_type: t.ProxyType | None, call: Call
) -> Weight:
    """The announcement taken back, the call hashed, the wrapper, and the call."""
    return weight_of_announcement(call) + call.weight


def weight_of_announcement(call: Call) -> Weight:
    """What a call that was announced costs beside itself."""
    size = len(call.info.tag) + len(call.info.args_codec.encode(call.args))
    return PROXY + PENDING + BYTE.times(size)


class Proxy(Registry):
    """Keys that act for an account."""

    # Calls that make calls.

    @call(index=0, weight=weight_of_proxy)
    def proxy(
        self, origin: Signed, real: MultiAddress, force_proxy_type: t.ProxyType | None, call: RuntimeCall
    ) -> PostInfo:
        """Make a call for the account `real`, as the first kind of proxy that one is to it, or as
        `force_proxy_type`; `ProxyExecuted` tells how it ended. A call that costs no fee costs none so.
        """
        account = lookup(real)
        definition = self._find(account, origin.who, force_proxy_type)
        if definition.delay:
            raise t.Unannounced
        result, post = self._run(call, account, definition.proxy_type)
        self.emit(t.ProxyExecuted(result))
        return PostInfo(PROXY + post.weight_of(call), post.pays)

    @call(index=9, weight=weight_of_announced)
    def proxy_announced(
        self,
        origin: Signed,
        delegate: MultiAddress,
        real: MultiAddress,
        force_proxy_type: t.ProxyType | None,
        call: RuntimeCall,
    ) -> PostInfo:
        """Make a call for the account `real` that its proxy `delegate` announced, and whose delay is over.
        Anybody may; `ProxyExecuted` tells how it ended, and its announcement is gone.
        """
        proxy, account, now = lookup(delegate), lookup(real), self.host.number
        definition = self._find(account, proxy, force_proxy_type)
        call_hash = self._hash(call)
        try:
            self._withdraw(
                proxy,
                lambda each: (
                    (each.real, each.call_hash) == (account, call_hash)
                    and now - each.height >= definition.delay
                ),
            )
        except t.NotFound:
            raise t.Unannounced from None
        result, post = self._run(call, account, definition.proxy_type, is_promised=True)
        self.emit(t.ProxyExecuted(result))
        return PostInfo(weight_of_announcement(call) + post.weight_of(call), post.pays)

    # Calls about one's own proxies.

    @call(index=1, weight=PROXIES)
    def add_proxy(
        self, origin: Signed, delegate: MultiAddress, proxy_type: t.ProxyType, delay: BlockNumber
    ) -> None:
        """Let another account act for one's own, within what `proxy_type` allows; with a delay, only what it
        has announced so many blocks before.
        """
        who, definition = origin.who, t.ProxyDefinition(lookup(delegate), proxy_type, delay)
        if definition.delegate == who:
            raise t.NoSelfProxy
        definitions = self.proxies[who][0]
        if definition in definitions:
            raise t.Duplicate
        if len(definitions) >= t.PROXIES_MAX:
            raise t.TooMany
        self._put_proxies(who, tuple(sorted((*definitions, definition), key=lambda each: each.order)))
        self.emit(t.ProxyAdded(who, definition.delegate, proxy_type, delay))

    @call(index=2, weight=PROXIES)
    def remove_proxy(
        self, origin: Signed, delegate: MultiAddress, proxy_type: t.ProxyType, delay: BlockNumber
    ) -> None:
        """Let an account that was added so act no more."""
        who, definition = origin.who, t.ProxyDefinition(lookup(delegate), proxy_type, delay)
        definitions = self.proxies[who][0]
        if definition not in definitions:
            raise t.NotFound
        self._put_proxies(who, tuple(each for each in definitions if each != definition))
        self.emit(t.ProxyRemoved(who, definition.delegate, proxy_type, delay))

    @call(index=3, weight=PROXIES)
    def remove_proxies(self, origin: Signed) -> None:
        """Let nobody act for one's account any more. On a pure account that is the end of all access to it,
        and to the coins in it.
        """
        self._put_proxies(origin.who, ())

    @call(index=4, weight=PROXIES)
    def create_pure(self, origin: Signed, proxy_type: t.ProxyType, delay: BlockNumber, index: U16) -> None:
        """Spawn an account to which nobody has a key, and be its first proxy. `index` tells apart those that
        one spawns in the same extrinsic.
        """
        who, height, extrinsic = origin.who, self.host.number, self._extrinsic()
        pure = pure_account(who, height, extrinsic, proxy_type, index)
        if pure in self.proxies:
            raise t.Duplicate
        self._spawn(pure, who, t.ProxyDefinition(who, proxy_type, delay))
        self.emit(t.PureCreated(pure, who, proxy_type, index, height, extrinsic))

    @call(index=5, weight=PROXIES)
    def kill_pure(
        self,
        origin: Signed,
        spawner: MultiAddress,
        proxy_type: t.ProxyType,
        index: U16,
        height: Compact[BlockNumber],
        ext_index: Compact[U32],
    ) -> None:
        """End a pure account, called by itself: named by who spawned it, and how, and in which extrinsic. All
        access to it is lost, and to the coins in it.
        """
        who = lookup(spawner)
        if origin.who != pure_account(who, height, ext_index, proxy_type, index):
            raise t.NoPermission
        self._put_proxies(origin.who, ())
        self.emit(t.PureKilled(origin.who, who, proxy_type, index))

    # Calls about what will be done.

    @call(index=6, weight=FIND + PENDING)
    def announce(self, origin: Signed, real: MultiAddress, call_hash: Hash) -> None:
        """Announce, for a deposit, the hash of a call that one will make for the account `real`."""
        who, account = origin.who, lookup(real)
        self._find(account, who, None)
        pending = self.announcements[who][0]
        if len(pending) >= t.PENDING_MAX:
            raise t.TooMany
        self._put_pending(who, (*pending, t.Announcement(account, call_hash, self.host.number)))
        self.emit(t.Announced(account, who, call_hash))

    @call(index=7, weight=PENDING)
    def remove_announcement(self, origin: Signed, real: MultiAddress, call_hash: Hash) -> None:
        """Take back what one announced for the account `real`, and have the deposit back."""
        meant = lookup(real), call_hash
        self._withdraw(origin.who, lambda each: (each.real, each.call_hash) == meant)

    @call(index=8, weight=PENDING)
    def reject_announcement(self, origin: Signed, delegate: MultiAddress, call_hash: Hash) -> None:
        """Reject what one's proxy `delegate` announced; its deposit is given back."""
        meant = origin.who, call_hash
        self._withdraw(lookup(delegate), lambda each: (each.real, each.call_hash) == meant)

    @call(index=10, weight=PROXIES + PENDING)
    def poke_deposit(self, origin: Signed) -> PostInfo:
        """Make one's deposits what the chain asks for now. Costs no fee if that changes one."""
        who = origin.who
        definitions, proxies_before = self.proxies[who]
        pending, pending_before = self.announcements[who]
        moved = [
            self._poked(who, t.DepositKind.Proxies, proxies_before, self._put_proxies(who, definitions)),
            self._poked(who, t.DepositKind.Announcements, pending_before, self._put_pending(who, pending)),
        ]
        return PostInfo(pays=not any(moved))

    def _poked(self, who: AccountId, kind: t.DepositKind, old: Balance, new: Balance) -> bool:
        if old != new:
            self.emit(t.DepositPoked(who, kind, old, new))
        return old != new

    # How calls are made.

    def _run(
        self, call: Call, real: AccountId, proxy_type: t.ProxyType, *, is_promised: bool = False
    ) -> tuple[DispatchResult, PostInfo]:
        """Make a call for `real`, within what the type allows; how it ended, and what it used.

        What was announced may be made by anybody, and what stands around it (another filter, the depth of
        wrappers) is then a stranger's choice: a refusal for such a reason is passed on, and it stays
        announced.
        """
        try:
            post = self.host.dispatch(call, Signed(real), only=self._filter(proxy_type))
        except DispatchError as refusal:
            if is_promised and isinstance(refusal, (CallFiltered, Exhausted)):
                raise
            return Err(self.host.failure(refusal)), PostInfo()
        return Ok(()), post

    def _filter(self, proxy_type: t.ProxyType) -> Filter | None:
        """What every call within must pass; None: nothing."""
        allowed = self._calls_of(proxy_type)
        if allowed is None:
            return None

        def passes(inner: Call) -> bool:
            info = inner.info
            if info.declaration not in allowed or info in (
                self.announce,
                self.remove_proxies,
                self.kill_pure,
            ):
                return False
            if info in (self.add_proxy, self.remove_proxy):
                granted = self._calls_of(inner.args[1])
                return granted is not None and granted <= allowed
            return True

        return passes

    def _hash(self, call: Call) -> bytes:
        return blake2b_256(self.host.codec(RuntimeCall).encode(call))

    def _extrinsic(self) -> int:
        """The number of this extrinsic; outside of one 0, as in Substrate."""
        return int.from_bytes(self.host.phase[1:], "little")
