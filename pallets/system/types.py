"""What the System pallet stores and tells."""

from __future__ import annotations

from typing import Annotated

from runtime.frame import Error, Event, RuntimeEvent
from runtime.scale import U16, U32, Compact, Doc, Enum, Struct
from runtime.types import AccountId, Hash
from runtime.types.dispatch import DispatchErrorValue, DispatchEventInfo


class Config(Struct):
    """Constants of the chain."""

    block_hash_count: Annotated[U32, Doc("How many recent block hashes are kept.")] = 4096
    ss58_prefix: Annotated[U16, Doc("The prefix of this chain's addresses.")] = 42


class Phase(Enum, path="frame_system::Phase"):
    """When in a block an event was deposited."""


class ApplyExtrinsic(Phase, index=0, unnamed=True):
    """While an extrinsic was applied, by its number in the block."""

    extrinsic: U32


class Finalization(Phase, index=1):
    """After the extrinsics."""


class Initialization(Phase, index=2):
    """Before the extrinsics."""


class LastRuntimeUpgradeInfo(Struct, path="frame_system::LastRuntimeUpgradeInfo"):
    """Which runtime last ran its migrations."""

    spec_version: Compact[U32]
    spec_name: str


class SystemEvent(Event, path="frame_system::pallet::Event"):
    """What System tells the world."""


class ExtrinsicSuccess(SystemEvent, index=0):
    """An extrinsic completed."""

    dispatch_info: DispatchEventInfo


class ExtrinsicFailed(SystemEvent, index=1):
    """An extrinsic's call was refused; its fee is paid, and nothing else of it remains."""

    dispatch_error: DispatchErrorValue
    dispatch_info: DispatchEventInfo


class CodeUpdated(SystemEvent, index=2):
    """The runtime manifest changed."""


class NewAccount(SystemEvent, index=3):
    """An account began to exist."""

    account: AccountId


class KilledAccount(SystemEvent, index=4):
    """An account ceased to exist."""

    account: AccountId


class Remarked(SystemEvent, index=5):
    """Somebody remarked something; its hash."""

    sender: AccountId
    hash: Annotated[bytes, Doc("BLAKE2b-256 of the remark.")]


class UpgradeAuthorized(SystemEvent, index=6):
    """An upgrade was authorized: whoever has its manifest may apply it."""

    code_hash: Annotated[Hash, Doc("BLAKE2b-256 of the manifest.")]
    check_version: Annotated[bool, Doc("Always: the spec version must rise.")]


class CodeStored(SystemEvent, index=32):
    """A manifest is kept, and becomes `:code` when the last block of the epoch is closed."""

    code_hash: Annotated[Hash, Doc("BLAKE2b-256 of the manifest.")]
    spec_version: Annotated[U32, Doc("The version that it names.")]


class CodeUpgradeAuthorization(Struct, path="frame_system::CodeUpgradeAuthorization"):
    """An upgrade that anybody may apply."""

    code_hash: Annotated[Hash, Doc("BLAKE2b-256 of the manifest.")]
    check_version: Annotated[bool, Doc("Always: the spec version must rise.")]


class EventRecord(Struct, path="frame_system::EventRecord", params={"E": RuntimeEvent, "T": Hash}):
    """An event, and when it was deposited."""

    phase: Phase
    event: RuntimeEvent
    topics: tuple[Hash, ...]
    """Always empty on this chain."""


class SystemFault(Error):
    """Why System refuses."""


class SpecVersionNeedsToIncrease(SystemFault, index=1):
    """The specification version must rise from the current runtime to the next."""


class FailedToExtractRuntimeVersion(SystemFault, index=2):
    """The bytes are no runtime's manifest."""


class CallFiltered(SystemFault, index=5):
    """The call is filtered: it may not run on this chain now."""


class MultiBlockMigrationsOngoing(SystemFault, index=6):
    """The migrations of the current runtime are not over."""


class NothingAuthorized(SystemFault, index=7):
    """No upgrade is authorized."""


class Unauthorized(SystemFault, index=8):
    """The manifest is not the one that was authorized."""


class StorageNotWritable(SystemFault, index=33):
    """Where votes decide, nobody writes storage past them: propose the call that is meant, or an upgrade with
    a migration.
    """


class CodeNotWritable(SystemFault, index=32):
    """Raw writes may not touch `:code`: a new runtime comes by `set_code`, which looks at it."""
