"""The registry: who may act for whom and what was announced, with the deposits for both.

A pure account has no coins when it is made: who spawns it pays for its first proxy. That part of its deposit
is kept apart, so that whatever becomes of the account, each coin returns to who put it up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pallets.proxy import types as t
from pallets.proxy.filters import Calls, calls_of, check
from runtime.crypto.hashing import blake2b_256
from runtime.frame import Pallet, StorageMap, Twox64Concat, constant, hookimpl
from runtime.frame.interfaces import Currency
from runtime.frame.pallet import Declared
from runtime.scale import U32
from runtime.types import AccountId, Balance, BlockNumber

PREFIX: Final = b"modlpy/proxy____"
"""What every pure account is hashed with."""
PROXY_DEPOSIT: Final = t.ProxyDeposit()
ANNOUNCEMENT_DEPOSIT: Final = t.AnnouncementDeposit()


class Registry(Pallet[t.ProxyEvent, t.ProxyError]):
    """Who may act for whom, and what was announced."""

    hold_reason = t.HoldReason
    config: t.Config
    coin: Currency
    callees: tuple[Declared, ...]

    proxies = StorageMap[AccountId, t.Proxies](
        default=((), 0),
        hasher=Twox64Concat,
        doc="The proxies of an account, sorted, together with the amount held on deposit.",
    )
    announcements = StorageMap[AccountId, t.Pending](
        default=((), 0),
        hasher=Twox64Concat,
        doc="The announcements made by a proxy, together with the amount held on deposit.",
    )
    spawners = StorageMap[AccountId, t.Spawner](
        hasher=Twox64Concat, doc="By pure account, who pays how much of the deposit for its proxies."
    )

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        check(self.config.filters, (self, *self.callees))

    @constant
    def max_proxies(self) -> U32:
        """The maximum amount of proxies allowed for a single account."""
        return t.PROXIES_MAX

    @constant
    def max_pending(self) -> U32:
        """The maximum amount of time-delayed announcements that are allowed to be pending."""
        return t.PENDING_MAX

    # Proxies.

    def _find(self, real: AccountId, delegate: AccountId, kind: t.ProxyType | None) -> t.ProxyDefinition:
        """As what `delegate` may act for `real`: the first way that there is, or the one of type `kind`."""
        for each in self.proxies[real][0]:
            if each.delegate == delegate and kind in (None, each.proxy_type):
                return each
        raise t.NotProxy

    def _put_proxies(self, who: AccountId, definitions: tuple[t.ProxyDefinition, ...]) -> Balance:
        """Write an account's proxies, and make the deposit what they cost; how much that is."""
        before = self.proxies[who][1]
        config = self.config
        after = _price(config.proxy_deposit_base, config.proxy_deposit_factor, len(definitions))
        if after > before:
            self.coin.hold(PROXY_DEPOSIT, who, after - before)
        else:
            self._give_back(who, before, before - after)
        if definitions:
            self.proxies[who] = definitions, after
        else:
            self.proxies.discard(who)
        return after

    def _give_back(self, who: AccountId, deposit: Balance, freed: Balance) -> None:
        """Release a part of the deposit for an account's proxies: its own coins first, then its spawner's."""
        spawner = self.spawners.get(who)
        lent = 0 if spawner is None else spawner.deposit
        own = min(freed, deposit - lent)
        self.coin.release(PROXY_DEPOSIT, who, own)
        if spawner is None or own == freed:
            return
        self.coin.release(PROXY_DEPOSIT, spawner.who, freed - own)
        if lent > freed - own:
            self.spawners[who] = spawner.replace(deposit=lent - (freed - own))
        else:
            del self.spawners[who]

    def _spawn(self, pure: AccountId, who: AccountId, definition: t.ProxyDefinition) -> None:
        """Write the first proxy of a pure account, for a deposit of who spawned it."""
        config = self.config
        deposit = _price(config.proxy_deposit_base, config.proxy_deposit_factor, 1)
        self.coin.hold(PROXY_DEPOSIT, who, deposit)
        self.proxies[pure] = (definition,), deposit
        if deposit:
            self.spawners[pure] = t.Spawner(who, deposit)

    # Announcements.

    def _put_pending(self, who: AccountId, pending: tuple[t.Announcement, ...]) -> Balance:
        """Write a proxy's announcements, and make the deposit what they cost; how much that is."""
        before = self.announcements[who][1]
        config = self.config
        after = _price(config.announcement_deposit_base, config.announcement_deposit_factor, len(pending))
        if after > before:
            self.coin.hold(ANNOUNCEMENT_DEPOSIT, who, after - before)
        else:
            self.coin.release(ANNOUNCEMENT_DEPOSIT, who, before - after)
        if pending:
            self.announcements[who] = pending, after
        else:
            self.announcements.discard(who)
        return after

    def _withdraw(self, who: AccountId, is_meant: Callable[[t.Announcement], bool]) -> None:
        """Take back those of a proxy's announcements that are meant. Raises `NotFound` if there is none."""
        pending = self.announcements[who][0]
        left = tuple(each for each in pending if not is_meant(each))
        if len(left) == len(pending):
            raise t.NotFound
        self._put_pending(who, left)

    # Figures.

    def _calls_of(self, proxy_type: t.ProxyType) -> Calls | None:
        """What proxies of a type may call; None: everything."""
        return calls_of(proxy_type, self.config.filters, (self, *self.callees))

    @hookimpl
    def try_state(self) -> None:
        held: dict[AccountId, Balance] = {}
        for who, (definitions, deposit) in self.proxies.items():
            name = f"0x{who.hex()}"
            orders = [each.order for each in definitions]
            assert definitions and orders == sorted(set(orders)), f"the proxies of {name} are not in order"
            spawner = self.spawners.get(who)
            lent = 0 if spawner is None else spawner.deposit
            assert lent <= deposit, f"the spawner of {name} paid more than its proxies cost"
            held[who] = held.get(who, 0) + deposit - lent
            if spawner is not None:
                held[spawner.who] = held.get(spawner.who, 0) + lent
        for pure in self.spawners.keys():  # noqa: SIM118 - a map of storage has no other way
            assert pure in self.proxies, f"the spawner of 0x{pure.hex()} pays for nothing"
        for who, amount in held.items():
            assert self.coin.on_hold(PROXY_DEPOSIT, who) == amount, f"0x{who.hex()} holds no deposit"
        for who, (pending, deposit) in self.announcements.items():
            assert pending, f"0x{who.hex()} keeps no announcement"
            assert self.coin.on_hold(ANNOUNCEMENT_DEPOSIT, who) == deposit, f"0x{who.hex()} holds no deposit"


def pure_account(
    who: AccountId, height: BlockNumber, extrinsic: int, proxy_type: t.ProxyType, index: int
) -> AccountId:
    """The account that `who` spawned in that extrinsic: BLAKE2b-256 of `PREFIX` and these five, encoded."""
    when = height.to_bytes(4, "little") + extrinsic.to_bytes(4, "little")
    return blake2b_256(PREFIX + who + when + bytes((proxy_type,)) + index.to_bytes(2, "little"))


def _price(base: Balance, factor: Balance, count: int) -> Balance:
    return base + factor * count if count else 0
