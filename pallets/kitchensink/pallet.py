"""Kitchen sink: a notice board that uses everything a pallet can have, once.

Read it from top to bottom, like a tour; `pallets/template` is the minimum, and `pallets/balances` a real one.
The rooms stand in the order of every pallet: what it is given, what it owns, genesis, calls, hooks, checks,
what it offers others.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import islice
from typing import Annotated, Final

from pallets.kitchensink.extension import CheckDeadline
from pallets.kitchensink.types import (
    TEXT_BYTES_MAX,
    BellRung,
    Caretaker,
    Config,
    FreezeReason,
    Genesis,
    HoldReason,
    KitchenSinkError,
    KitchenSinkEvent,
    KitchenSinkOrigin,
    NoSuchNotice,
    Notice,
    NotTheCaretaker,
    NotYours,
    PinDeposit,
    Pinned,
    Postponed,
    PostponedDone,
    Promise,
    Text,
    TooLate,
    TooMany,
    Unpinned,
)
from runtime.frame import (
    Call,
    FundsUnavailable,
    Identity,
    InherentData,
    Pallet,
    Parameter,
    PostInfo,
    Root,
    RuntimeCall,
    Signed,
    StorageDoubleMap,
    StorageMap,
    StorageNMap,
    StorageOption,
    StorageValue,
    Twox64Concat,
    Unsigned,
    ValidTransaction,
    call,
    constant,
    hookimpl,
    invariant,
    lookup,
    migration,
    runtime_api,
)
from runtime.frame.extension import TransactionExtension
from runtime.frame.interfaces import Beacon, Currency
from runtime.frame.validity import CallInvalid, Stale
from runtime.scale import U32, Compact, Max
from runtime.types import AccountId, Balance, BlockNumber, DispatchClass, MultiAddress, Pays, Weight, db

POSTPONED_MAX: Final = 8
"""How many calls may wait for one block: every queue has a bound, and every bound a name."""
TEMPERATURE: Final = b"kitchen0"
"""Under which an author's observations hold the temperature: u32 little-endian, in degrees."""
DEGREES_OFF_MAX: Final = 5
"""How far the author's thermometer may be from an importer's."""
TAKE_DOWN: Final = db(reads=3, writes=4)
"""What it costs to take one notice down."""


def weight_of_pin(text: bytes) -> Weight:
    """A weight may depend on the call's arguments: this is the most that the call may use."""
    return db(reads=3, writes=4, compute=10_000_000 + 1_000 * len(text))


def weight_of_inner(call: Call) -> Weight:
    """A wrapper weighs itself and the call inside."""
    return db(reads=1) + call.weight


class KitchenSink(Pallet[KitchenSinkEvent, KitchenSinkError]):
    """A board for notices. `Pallet[events, errors]` lets the type checker refuse another pallet's event."""

    # An annotation is something the pallet is given. A record is a config, filled from the specification of
    # the chain; a protocol is a behaviour, and the specification may say which pallet provides it; a tuple
    # takes all that do.

    config: Config
    coin: Currency
    beacons: tuple[Beacon, ...]

    # An assignment is something it owns. Values read and write like attributes, maps like dictionaries; a map
    # with a default never misses (ValueQuery), one without says so with `in`, `.get` and NotStored
    # (OptionQuery). Blake2 hashes what anybody may choose, Twox what nobody chooses freely, and Identity
    # keeps what needs none.

    next_id = StorageValue[U32](default=0, doc="The number of the next notice.")
    caretaker = StorageOption[AccountId](doc="Who looks after the board; nobody, and it is closed.")
    notices = StorageMap[U32, Notice](hasher=Twox64Concat, doc="What hangs, by number.")
    stickers = StorageDoubleMap[U32, AccountId, Balance](default=0, doc="Stickers by kind and owner.")
    expiries = StorageNMap[tuple[BlockNumber, AccountId, U32], bool](
        default=False,
        hashers=(Twox64Concat, Identity, Twox64Concat),
        doc="What comes down when, and whose it is.",
    )
    swept_until = StorageValue[BlockNumber](default=0, doc="Up to where expired notices were taken down.")
    # A call of any pallet is a value like others: stored, it waits for its block.
    postponed = StorageMap[BlockNumber, Annotated[tuple[RuntimeCall, ...], Max(POSTPONED_MAX)]](
        default=(), hasher=Twox64Concat, doc="Calls that wait, by block."
    )
    bells = StorageValue[U32](default=0, doc="How often the bell was rung.")
    temperature = StorageOption[U32](doc="Degrees in the kitchen, as the author of this block saw them.")
    # A value that governance may move, within bounds that stay.
    deposit = Parameter[Balance](
        default=1_000_000, bounds=(1, 10**12), track="board", doc="What a notice costs while it hangs."
    )

    # Enums that join the chain's own: anybody's hold, freeze and origin is told apart by its pallet.

    hold_reason = HoldReason
    freeze_reason = FreezeReason
    origin_type = KitchenSinkOrigin

    # The layout of storage that this code expects. Chains that began with an older one migrate, see below.

    storage_version = 1

    @hookimpl
    def build_genesis(self, genesis: Genesis) -> None:
        """Write block zero; the parameter's type says what the specification may hold."""
        self.caretaker = genesis.caretaker
        for who, kind, amount in genesis.stickers:
            self.stickers[kind, who] = amount

    # Calls. The origin's type is the permission: the dispatcher refuses every other before the method runs.
    # Raising undoes all that the call wrote.

    @call(index=0, weight=weight_of_pin)
    def pin(self, origin: Signed, text: Text) -> None:
        """Pin a notice; its deposit is on hold while it hangs."""
        deposit, number = self.deposit, self.next_id
        # This raises FundsUnavailable where it must, and that is all there is to do about it.
        self.coin.hold(PinDeposit(), origin.who, deposit)
        until = self.host.number + self.config.lifetime
        self.notices[number] = Notice(origin.who, text, deposit, until)
        self.expiries[until, origin.who, number] = True
        self.next_id += 1
        self.emit(Pinned(number, origin.who))

    @call(index=1, weight=TAKE_DOWN)
    def unpin(self, origin: Signed, number: Compact[U32]) -> PostInfo:
        """Take one's own notice down."""
        notice = self._notice(number)
        if notice.owner != origin.who:
            raise NotYours
        self._take_down(number)
        return PostInfo(pays=False)  # tidying up is free; actual_weight= would give unused weight back

    @call(index=2, weight=db(writes=1), dispatch_class=DispatchClass.Operational, pays=Pays.No)
    def set_deposit(self, origin: Root, deposit: Compact[Balance]) -> None:
        """Change what a notice costs; outside of its bounds, the parameter refuses."""
        self.deposit = deposit

    @call(index=3, weight=weight_of_inner)
    def as_caretaker(self, origin: Signed, call: RuntimeCall) -> PostInfo:
        """Make a call of this pallet on the caretaker's authority."""
        if origin.who != self.caretaker:
            raise NotTheCaretaker
        # `only` narrows what may run, here and in everything that the call dispatches in turn.
        post = self.host.dispatch(call, Caretaker(), only=self._is_mine)
        return PostInfo(db(reads=1) + post.weight_of(call))

    @call(index=4, weight=TAKE_DOWN)
    def sweep(self, origin: KitchenSinkOrigin, number: Compact[U32]) -> None:
        """Take anybody's notice down, on this pallet's own authority."""
        self._take_down(number)

    @call(index=5, weight=db(reads=1, writes=1))
    def postpone(self, origin: Root, when: BlockNumber, call: RuntimeCall) -> None:
        """Store a call, to be made as Root at the beginning of block `when`."""
        if when <= self.host.number:
            raise TooLate
        waiting = self.postponed[when]
        if len(waiting) == POSTPONED_MAX:
            raise TooMany
        self.postponed[when] = (*waiting, call)
        self.emit(Postponed(when))

    @call(index=6, weight=db(reads=1, writes=1))
    def ring(self, origin: Unsigned, count: U32) -> None:
        """Ring the bell for the `count`-th time. Nobody signs; `validate_unsigned` decides who gets in."""
        self.bells = count
        self.emit(BellRung(count))

    @call(index=7, weight=db(writes=1), dispatch_class=DispatchClass.Mandatory)
    def set_temperature(self, origin: Unsigned, degrees: U32) -> None:
        """An inherent: the author of the block says what it saw."""
        self.temperature = degrees

    @call(index=8, weight=db(reads=2, writes=2))
    def give_stickers(self, origin: Signed, kind: U32, dest: MultiAddress, amount: Compact[Balance]) -> None:
        """Give stickers away."""
        self.asset_transfer(kind, origin.who, lookup(dest), amount)

    @call(index=9, weight=db(reads=2, writes=2))
    def promise(self, origin: Signed, amount: Compact[Balance]) -> None:
        """Freeze some of one's coins: they stay, and cannot leave. Zero takes the promise back."""
        self.coin.set_freeze(Promise(), origin.who, amount)

    # Hooks, at fixed points of a block, in the order of the chain's indices. A hook never raises: what can be
    # refused runs in a layer of its own, and is told.

    @hookimpl
    def on_runtime_upgrade(self) -> Weight:
        """Once, when the runtime has changed: small repairs. Great ones are migrations."""
        self.swept_until = min(self.swept_until, self.host.number)
        return db(reads=1, writes=1)

    @migration(to=1, step=db(reads=2, writes=1))
    def list_expiries(self, cursor: bytes) -> bytes | None:
        """From version 0, which had no `expiries`: one notice a step; the cursor is the last one's number."""
        after = int.from_bytes(cursor, "little") if cursor else None
        for number, notice in islice(self.notices.items(after=after), 1):
            self.expiries[notice.until, notice.owner, number] = True
            return number.to_bytes(4, "little")
        return None

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Make the calls that waited for this block; each has a layer of its own, and its end is told."""
        used = db(reads=1)
        for waiting in self.postponed[now]:
            used += waiting.weight
            self.emit(PostponedDone(self.host.try_dispatch(waiting, Root())))
        self.postponed.discard(now)
        return used

    @hookimpl
    def on_idle(self, now: BlockNumber, remaining: Weight) -> Weight:
        """With what weight is left, take down what has expired; what does not fit waits for the next."""
        used, work = db(reads=1, writes=1), self.config.notices_per_block_max
        while self.swept_until <= now and work and (used + TAKE_DOWN).fits(remaining):
            expired = next(self.expiries.under(self.swept_until), None)
            used += TAKE_DOWN
            work -= 1
            if expired is None:
                self.swept_until += 1
                continue
            (until, owner, number), _ = expired
            if self.attempt(partial(self._take_down, number)) is not None:
                del self.expiries[until, owner, number]
        return used

    @hookimpl
    def on_finalize(self, now: BlockNumber) -> None:
        """At the end, whatever happened; its weight was counted at the start."""
        if self.temperature is not None:
            del self.temperature

    @hookimpl
    def create_inherent(self, data: InherentData) -> Call | None:
        """While authoring: the inherent that the author's observations ask for."""
        seen = data.get(TEMPERATURE)
        return None if seen is None else self.set_temperature.call(int.from_bytes(seen, "little"))

    @hookimpl
    def check_inherent(self, call: Call, data: Mapping[bytes, bytes]) -> str | None:
        """While importing: what is wrong with the author's, by one's own observations."""
        seen = data.get(TEMPERATURE)
        if call.info is not self.set_temperature or seen is None:
            return None
        (told,), degrees = call.args, int.from_bytes(seen, "little")
        return f"{told} degrees, and it is {degrees}" if abs(told - degrees) > DEGREES_OFF_MAX else None

    @hookimpl
    def validate_unsigned(self, call: Call) -> ValidTransaction:
        """Whether a transaction without a signature may enter: the only door, so it should be narrow."""
        if call.info is not self.ring:
            raise CallInvalid
        (count,) = call.args
        if count != self.bells + 1:
            raise Stale
        return ValidTransaction(provides=(b"bell" + count.to_bytes(4, "little"),), longevity=16)

    @hookimpl
    def filter_call(self, call: Call) -> bool:
        """Whether a call may run at all now, inside every wrapper too: without a caretaker, nobody pins."""
        return call.info is not self.pin or self.caretaker is not None

    # Checks. An invariant is looked at in every block, so it looks at what the block has changed; a block
    # that breaks one is invalid. `try_state` looks at everything, when a developer asks.

    @invariant("K1", "the deposit of every notice is on hold")
    def deposits_are_held(self) -> str | None:
        for change in self.notices.changes():
            if change.new is not None:
                held = self.coin.on_hold(PinDeposit(), change.new.owner)
                if held < change.new.deposit:
                    return f"notice {change.key} has {change.new.deposit}, and {held} is on hold"
        return None

    @hookimpl
    def try_state(self) -> None:
        for number, notice in self.notices.items():
            assert number < self.next_id, f"notice {number} is from the future"
            assert self.expiries[notice.until, notice.owner, number], f"notice {number} would hang for ever"

    # What it offers others: constants to the metadata, questions to clients, an extension to transactions,
    # and an interface (`Fungibles`: it has the methods, so it is one) to other pallets.

    @constant
    def text_bytes_max(self) -> U32:
        """The longest notice."""
        return TEXT_BYTES_MAX

    @runtime_api("KitchenSinkApi", version=1)
    def notice_of_the_day(self) -> Notice | None:
        """A notice that nobody could choose, as far as the chain has dice; none if it came down already."""
        dice = self.beacons[0].randomness() if self.beacons else b""
        return self.notices.get(int.from_bytes(dice, "little") % max(1, self.next_id))

    def extensions(self) -> tuple[TransactionExtension, ...]:
        return (CheckDeadline(self.host),)

    def asset_exists(self, asset: int) -> bool:
        return next(self.stickers.under(asset), None) is not None

    def asset_balance(self, asset: int, who: AccountId) -> Balance:
        return self.stickers[asset, who]

    def asset_transfer(self, asset: int, source: AccountId, dest: AccountId, amount: Balance) -> None:
        if self.stickers[asset, source] < amount:
            raise FundsUnavailable
        self.stickers[asset, source] -= amount
        self.stickers[asset, dest] += amount

    # Helpers have an underscore, and are nobody's business.

    def _notice(self, number: int) -> Notice:
        notice = self.notices.get(number)
        if notice is None:
            raise NoSuchNotice
        return notice

    def _take_down(self, number: int) -> None:
        notice = self._notice(number)
        self.coin.release(PinDeposit(), notice.owner, notice.deposit)
        del self.notices[number]
        self.expiries.discard((notice.until, notice.owner, number))
        self.emit(Unpinned(number))

    def _is_mine(self, inner: Call) -> bool:
        return self.calls.get(inner.info.name) is inner.info.declaration
