"""Sudo: one key that is Root, for development chains.

A chain that carries coins has none: whoever holds the key holds the chain.
"""

from __future__ import annotations

from pallets.sudo.types import (
    Genesis,
    KeyChanged,
    KeyRemoved,
    RequireSudo,
    Sudid,
    SudoAsDone,
    SudoError,
    SudoEvent,
)
from runtime.frame import Call, Pallet, PostInfo, Root, RuntimeCall, Signed, StorageOption, call, hookimpl
from runtime.frame.lookup import lookup
from runtime.types import AccountId, MultiAddress, Weight, db

FREE = PostInfo(pays=False)
BASE = db(reads=1)


def weight_of_sudo(call: Call) -> Weight:
    """The wrapper, and the call."""
    return BASE + call.weight


def weight_as_given(call: Call, weight: Weight) -> Weight:
    """What the key's holder says."""
    return weight


def weight_of_sudo_as(who: MultiAddress, call: Call) -> Weight:
    """The wrapper, and the call."""
    return BASE + call.weight


class Sudo(Pallet[SudoEvent, SudoError]):
    """One key that is Root."""

    key = StorageOption[AccountId](doc="The account that holds the key; none once it was removed.")

    @hookimpl
    def build_genesis(self, genesis: Genesis) -> None:
        self.key = genesis.key

    @call(index=0, weight=weight_of_sudo)
    def sudo(self, origin: Signed, call: RuntimeCall) -> PostInfo:
        """Make a call as Root; `Sudid` tells how it ended. The key pays no fee."""
        self._check(origin)
        self.emit(Sudid(self.host.try_dispatch(call, Root())))
        return FREE

    @call(index=1, weight=weight_as_given)
    def sudo_unchecked_weight(self, origin: Signed, call: RuntimeCall, weight: Weight) -> PostInfo:
        """Make a call as Root, counted as `weight` whatever it weighs."""
        self._check(origin)
        self.emit(Sudid(self.host.try_dispatch(call, Root())))
        return FREE

    @call(index=2, weight=db(reads=1, writes=1))
    def set_key(self, origin: Signed, new: MultiAddress) -> PostInfo:
        """Pass the key to another account."""
        self._check(origin)
        account = lookup(new)
        self.emit(KeyChanged(self.key, account))
        self.key = account
        return FREE

    @call(index=3, weight=weight_of_sudo_as)
    def sudo_as(self, origin: Signed, who: MultiAddress, call: RuntimeCall) -> PostInfo:
        """Make a call as if another account had signed it; `SudoAsDone` tells how it ended."""
        self._check(origin)
        self.emit(SudoAsDone(self.host.try_dispatch(call, Signed(lookup(who)))))
        return FREE

    @call(index=4, weight=db(reads=1, writes=1))
    def remove_key(self, origin: Signed) -> PostInfo:
        """Remove the key: from then on nobody is Root."""
        self._check(origin)
        self.key = None
        self.emit(KeyRemoved())
        return FREE

    def _check(self, origin: Signed) -> None:
        if origin.who != self.key:
            raise RequireSudo
