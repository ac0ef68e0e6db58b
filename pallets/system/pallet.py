"""System: accounts, recent block hashes, events, and the books of the block being executed.

Names, calls, events and storage are those of Substrate's frame_system. Balances live in `Account`, managed by
another pallet through `AccountStore`: one storage key an account.

A new runtime is its manifest. On a chain with epochs it waits in `PendingCode` and becomes `:code` with the
last block of the epoch, on which nothing is built until it is final; on one without, at once.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

from pallets.system.types import (
    CodeNotWritable,
    CodeStored,
    CodeUpdated,
    CodeUpgradeAuthorization,
    Config,
    EventRecord,
    ExtrinsicFailed,
    ExtrinsicSuccess,
    KilledAccount,
    LastRuntimeUpgradeInfo,
    MultiBlockMigrationsOngoing,
    NewAccount,
    NothingAuthorized,
    Remarked,
    StorageNotWritable,
    SystemEvent,
    SystemFault,
    Unauthorized,
    UpgradeAuthorized,
)
from pallets.system.upgrades import read_manifest
from runtime.crypto.hashing import blake2b_256
from runtime.executive.migrate import is_migrating
from runtime.frame import (
    Origin,
    Pallet,
    PostInfo,
    Root,
    Signed,
    StorageMap,
    StorageOption,
    StorageValue,
    Twox64Concat,
    Unsigned,
    call,
    constant,
    hookimpl,
    runtime_api,
)
from runtime.frame.error import BadOrigin, ConsumerRemaining, NoProviders
from runtime.frame.governance import ParameterBook, RootKey
from runtime.frame.interfaces import Authors
from runtime.manifest import CODE_KEY
from runtime.scale import U32, replace
from runtime.types import AccountId, Balance, BlockNumber, DispatchClass, Hash, Nonce, Weight, db
from runtime.types.account import AccountData, AccountInfo
from runtime.types.digest import Digest, DigestItem, RuntimeEnvironmentUpdated
from runtime.types.dispatch import DispatchErrorValue, DispatchEventInfo
from runtime.types.limits import (
    BLOCK_LENGTH,
    BLOCK_WEIGHTS,
    BlockLength,
    BlockWeights,
    ConsumedWeight,
    DbWeight,
)
from runtime.types.weight import READ_PICOSECONDS, WRITE_PICOSECONDS
from runtime.version import SPEC_NAME, RuntimeVersion

NO_HASH: Final = bytes(32)
NOTHING: Final = Weight(0, 0)
GENESIS: Final = 0
NO_DATA: Final = AccountData()
FREE: Final = PostInfo(pays=False)
READING_PICOSECONDS: Final = 2_000_000_000
"""What it takes to read the longest manifest."""


def weight_of_set_storage(items: tuple[tuple[bytes, bytes], ...]) -> Weight:
    """One write an item."""
    return db(writes=len(items))


def weight_of_kill_storage(keys: tuple[bytes, ...]) -> Weight:
    """One write a key."""
    return db(writes=len(keys))


def weight_of_kill_prefix(prefix: bytes, subkeys: int) -> Weight:
    """One read and one write a key."""
    return db(reads=subkeys, writes=subkeys)


def _balance(account: AccountInfo) -> Balance:
    """All that an account has."""
    data = account.data
    return data.free + data.reserved


class System(Pallet[SystemEvent, SystemFault]):
    """Accounts, blocks and events."""

    config: Config
    authors: tuple[Authors, ...]
    """Who knows where an epoch ends; nobody on a chain with one author."""
    books: tuple[ParameterBook, ...]
    """Where votes decide: what is voted is written down there."""
    keys: tuple[RootKey, ...]
    """The key of a development chain."""

    account = StorageMap[AccountId, AccountInfo](
        default=AccountInfo(), measure=_balance, doc="The full account information."
    )
    block_weight = StorageValue[ConsumedWeight](
        default=ConsumedWeight(NOTHING, NOTHING, NOTHING), doc="The weight that the block used, by class."
    )
    block_hash = StorageMap[BlockNumber, Hash](
        default=NO_HASH, hasher=Twox64Concat, doc="Recent block hashes by number; genesis is kept for ever."
    )
    number = StorageValue[BlockNumber](default=0, doc="The block being executed.")
    parent_hash = StorageValue[Hash](default=NO_HASH, doc="The hash of the block before.")
    digest = StorageValue[Digest](default=Digest(), doc="The digest of the block being executed.")
    events = StorageValue[tuple[EventRecord, ...]](default=(), doc="The events of the block, in order.")
    event_count = StorageValue[U32](default=0, doc="How many events the block deposited.")
    last_upgrade = StorageOption[LastRuntimeUpgradeInfo](doc="Which runtime last ran its migrations.")
    authorized_upgrade = StorageOption[CodeUpgradeAuthorization](doc="The upgrade that anybody may apply.")
    pending_code = StorageOption[bytes](doc="The manifest that becomes `:code` with the end of the epoch.")

    @call(index=0, weight=db())
    def remark(self, origin: Signed, remark: bytes) -> None:
        """Say something that stands in the block and nowhere else."""

    @call(
        index=2,
        weight=db(reads=3, writes=4, compute=READING_PICOSECONDS),
        dispatch_class=DispatchClass.Operational,
    )
    def set_code(self, origin: Root, code: bytes) -> None:
        """Set the next runtime, by its manifest, whose spec version must be higher.

        It takes over from the block after the end of the epoch on; at once on a chain without epochs.
        """
        self._take(code)

    @call(index=4, weight=weight_of_set_storage, dispatch_class=DispatchClass.Operational)
    def set_storage(self, origin: Root, items: tuple[tuple[bytes, bytes], ...]) -> None:
        """Set some items of storage: keys and values as they stand in the state, unchecked."""
        for key, value in items:
            self._write(key, value)

    @call(index=5, weight=weight_of_kill_storage, dispatch_class=DispatchClass.Operational)
    def kill_storage(self, origin: Root, keys: tuple[bytes, ...]) -> None:
        """Kill some items from storage."""
        for key in keys:
            self._write(key, None)

    @call(index=6, weight=weight_of_kill_prefix, dispatch_class=DispatchClass.Operational)
    def kill_prefix(self, origin: Root, prefix: bytes, subkeys: U32) -> None:
        """Kill all storage items with a key that starts with the given prefix, `subkeys` of them at most."""
        for key in tuple(islice(self.host.overlay.keys(prefix), subkeys)):
            self._write(key, None)

    @call(index=7, weight=db())
    def remark_with_event(self, origin: Signed, remark: bytes) -> None:
        """Say something, and deposit its hash as an event."""
        self.emit(Remarked(origin.who, blake2b_256(remark)))

    @call(index=9, weight=db(writes=1), dispatch_class=DispatchClass.Operational)
    def authorize_upgrade(self, origin: Root, code_hash: Hash) -> None:
        """Let anybody apply the upgrade whose manifest has this BLAKE2b-256, in place of what was authorized
        before.
        """
        self.authorized_upgrade = CodeUpgradeAuthorization(code_hash, True)
        self.emit(UpgradeAuthorized(code_hash, True))

    @call(
        index=11,
        weight=db(reads=4, writes=5, compute=READING_PICOSECONDS),
        dispatch_class=DispatchClass.Operational,
    )
    def apply_authorized_upgrade(self, origin: Origin, code: bytes) -> PostInfo:
        """Bring the manifest of the upgrade that is authorized, as `set_code` would take it. Who brings it
        pays no fee.
        """
        if isinstance(origin, Unsigned):
            raise BadOrigin
        authorized = self.authorized_upgrade
        if authorized is None:
            raise NothingAuthorized
        if blake2b_256(code) != authorized.code_hash:
            raise Unauthorized
        self._take(code)
        self.authorized_upgrade = None
        return FREE

    # Code.

    def _take(self, code: bytes) -> None:
        """Make a manifest the next `:code`, when the epoch ends or now. Raises a SystemFault."""
        if is_migrating(self.host):
            raise MultiBlockMigrationsOngoing
        manifest = read_manifest(code, self.host.version.spec_version)
        if not self.authors:
            self._change(code)
            return
        self.pending_code = code
        self.emit(CodeStored(blake2b_256(code), manifest.spec_version))

    def _change(self, code: bytes) -> None:
        self.host.overlay.put_raw(CODE_KEY, code)
        self.deposit_log(RuntimeEnvironmentUpdated())
        self.emit(CodeUpdated())

    def _write(self, key: bytes, value: bytes | None) -> None:
        """Write storage as it is. Raises CodeNotWritable and StorageNotWritable.

        Histories, agendas and what was approved are storage too: whoever could write it could write that
        something was voted which never was.
        """
        if key == CODE_KEY:
            raise CodeNotWritable
        if self.books and not self.keys:
            raise StorageNotWritable
        self.host.overlay.put_raw(key, value)

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Leave room for what the last block of an epoch may have to do."""
        return db(reads=2, writes=4) if self._is_last(now) else NOTHING

    @hookimpl
    def on_finalize(self, now: BlockNumber) -> None:
        """Change the code with the last block of an epoch, unless migrations are not over: then an epoch
        later.
        """
        if not self._is_last(now) or is_migrating(self.host):
            return
        pending = self.pending_code
        if pending is not None:
            self.pending_code = None
            self._change(pending)

    def _is_last(self, now: BlockNumber) -> bool:
        """Whether an epoch ends with a block."""
        return any(each.epoch_start(each.epoch_now() + 1) == now + 1 for each in self.authors)

    # Constants, beside the config's.

    @constant
    def block_weights(self) -> BlockWeights:
        """Block and extrinsics weights: base values and limits."""
        return BLOCK_WEIGHTS

    @constant
    def block_length(self) -> BlockLength:
        """The maximum length of a block, in bytes."""
        return BLOCK_LENGTH

    @constant
    def db_weight(self) -> DbWeight:
        """The reference time of one storage read and of one storage write."""
        return DbWeight(READ_PICOSECONDS, WRITE_PICOSECONDS)

    @constant
    def version(self) -> RuntimeVersion:
        """Which runtime this is."""
        return self.host.version

    # Runtime API.

    @runtime_api("AccountNonceApi", version=1)
    def account_nonce(self, account: AccountId) -> Nonce:
        """The nonce that the account's next transaction must carry."""
        return self.account[account].nonce

    # runtime.frame.interfaces.System

    def begin_block(self, number: BlockNumber, parent_hash: Hash, logs: tuple[DigestItem, ...]) -> None:
        self.number = number
        self.parent_hash = parent_hash
        self.digest = Digest(logs)
        if number > GENESIS:
            self.block_hash[number - 1] = parent_hash
            expired = number - 1 - self.config.block_hash_count
            if expired > GENESIS:
                self.block_hash.discard(expired)

    def extrinsic_applied(self, failure: DispatchErrorValue | None, info: DispatchEventInfo) -> None:
        self.emit(ExtrinsicSuccess(info) if failure is None else ExtrinsicFailed(failure, info))

    def success(self, info: DispatchEventInfo) -> bytes:
        encoded: bytes = self.encode_event(ExtrinsicSuccess(info))
        return encoded

    def extrinsic_succeeded(self, success: bytes) -> None:
        self.emit_encoded(success)

    def end_block(self, events: bytes, event_count: int, used: ConsumedWeight) -> tuple[DigestItem, ...]:
        self.stored("events").set_encoded(events)
        self.event_count = event_count
        self.block_weight = used
        return self.digest.logs

    def last_runtime_upgrade(self) -> int:
        last = self.last_upgrade
        return 0 if last is None else last.spec_version

    def note_runtime_upgrade(self, spec_version: int) -> None:
        self.last_upgrade = LastRuntimeUpgradeInfo(spec_version, SPEC_NAME)

    # runtime.frame.interfaces.Blocks

    def recent_hash(self, number: BlockNumber) -> Hash | None:
        return self.block_hash.get(number)

    def genesis_hash(self) -> Hash:
        return self.block_hash[GENESIS]

    def digest_logs(self) -> tuple[DigestItem, ...]:
        return self.digest.logs

    def deposit_log(self, item: DigestItem) -> None:
        self.digest = Digest((*self.digest.logs, item))

    # runtime.frame.interfaces.Nonces

    def nonce(self, who: AccountId) -> int:
        return self.account[who].nonce

    def use_nonce(self, who: AccountId, nonce: int) -> int:
        info = self.account[who]
        expected = info.nonce
        if nonce == expected:
            self.account.set(who, replace(info, nonce=expected + 1))
        return expected

    # runtime.frame.interfaces.AccountStore

    def account_info(self, who: AccountId) -> AccountInfo:
        return self.account[who]

    def account_exists(self, who: AccountId) -> bool:
        return who in self.account

    def set_account_data(self, who: AccountId, before: AccountInfo, data: AccountData) -> None:
        info, old = before, before.data
        if (old.free or old.reserved) and (data.free or data.reserved):
            self.account.set(who, replace(info, data=data))
            return
        had, has = bool(old.free or old.reserved), bool(data.free or data.reserved)
        providers = info.providers + has - had
        if had and not has:
            if providers == 0 and info.consumers:
                raise ConsumerRemaining
            if providers + info.sufficients == 0:
                del self.account[who]
                self.emit(KilledAccount(who))
                return
        fresh = providers == 1 and has and not had and info.sufficients == 0
        self.account[who] = replace(info, providers=providers, data=data)
        if fresh:
            self.emit(NewAccount(who))

    def balances(self) -> int:
        return sum(map(_balance, self.account.values()))

    def balances_grown(self) -> int:
        return self.account.grown()

    def inc_consumers(self, who: AccountId) -> None:
        info = self.account[who]
        if info.providers == 0:
            raise NoProviders
        self.account[who] = replace(info, consumers=info.consumers + 1)

    def dec_consumers(self, who: AccountId) -> None:
        info = self.account[who]
        self.account[who] = replace(info, consumers=max(0, info.consumers - 1))
