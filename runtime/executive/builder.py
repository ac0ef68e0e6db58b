"""A block under construction over a frozen parent state: begin, apply extrinsics, finish.

Authors and importers use the same builder: what an author may do and an importer would refuse cannot differ.
Each extrinsic has a storage layer; a transaction that may not enter leaves nothing behind, and one whose call
is refused pays its fee and is recorded as failed.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from msgspec import Struct

from runtime.executive.closing import check_invariants, in_layer, run_hook
from runtime.executive.extrinsic import Extrinsic, Implied, Proof
from runtime.executive.limits import BlockMeter
from runtime.executive.migrate import STEPS_MAX
from runtime.executive.parts import Hook, Parts
from runtime.executive.validate import check_proof, validate_unsigned
from runtime.frame.error import DispatchError
from runtime.frame.extension import TransactionExtension
from runtime.frame.host import FULL_WEIGHT, PHASE_FINALIZATION, PHASE_INITIALIZATION, Call, PostInfo
from runtime.frame.invalid import InvalidBlock
from runtime.frame.origin import Signed, Unsigned
from runtime.frame.validity import (
    BadMandatory,
    CannotLookupSigner,
    ExhaustsResources,
    TransactionValidityError,
)
from runtime.scale import U32, Compact, codec_of
from runtime.state.backend import State
from runtime.state.overlay import RECORD_PARTS, Overlay
from runtime.trie import StateVersion, ordered_trie_root
from runtime.types.account import Address
from runtime.types.block import Block, Header
from runtime.types.digest import Digest, DigestItem
from runtime.types.dispatch import DispatchErrorValue, DispatchEventInfo
from runtime.types.limits import MIGRATION_MAX
from runtime.types.weight import DispatchClass, Pays, Weight

EXTRINSICS_MAX: Final = 1 << 20
"""The most extrinsics of a block."""
_count = codec_of(Compact[U32])
# Looked up once: a member of an enum costs as much as a call.
_MANDATORY: Final = DispatchClass.Mandatory
_PAYS: Final = Pays.Yes


class Applied(Struct, frozen=True):
    """How an extrinsic that entered the block has ended."""

    failure: DispatchErrorValue | None
    """Why its call was refused, or None."""
    refusal: DispatchError | None
    """The same as it was raised."""
    weight: Weight
    """What it used."""


class Built(NamedTuple):
    """A finished block and the state that it makes."""

    block: Block
    state: State


class CallBroken(InvalidBlock):
    """A call raised something that is no refusal: the pallet is wrong; the extrinsic cannot be included."""

    def __init__(self, call: Call, cause: Exception) -> None:
        super().__init__(str(call), cause)
        self.call = call
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.call} is broken: {type(self.cause).__name__}: {self.cause}"


class InherentMisplaced(InvalidBlock):
    """An inherent stands behind a transaction."""

    def __str__(self) -> str:
        return "an inherent stands behind a transaction: inherents come first"


class BlockBuilder:
    """One block, from its parent's state to its own."""

    def __init__(
        self,
        parts: Parts,
        parent: State,
        *,
        number: int,
        parent_hash: bytes,
        logs: tuple[DigestItem, ...] = (),
        verified: Container[Proof] = (),
        without_hooks: bool = False,
    ) -> None:
        """`without_hooks`: leave out `on_initialize`; such a builder tries extrinsics, and makes no block."""
        self._parts = parts
        self._host = parts.host
        self._parent_hash = parent_hash
        self._number = number
        self._meter = BlockMeter()
        self._raws: list[bytes] = []
        self._verified = verified
        self._implied: Implied = {}
        self._transactions_began = False
        self._prepare, self._post = steps(parts.extensions)
        self.overlay = Overlay(parent)
        self._enter(PHASE_INITIALIZATION)
        begin_block = partial(parts.system.begin_block, number, parent_hash, logs)
        self._in_layer(begin_block, "System", "begin_block")
        if parts.system.last_runtime_upgrade() != parts.version.spec_version:
            self._upgrade()
        self._is_migrating = self._migrate()
        for hook in () if without_hooks else parts.hooks["on_initialize"]:
            used = self._run_hook(hook, "on_initialize", number)
            if used is not None:
                self._meter.charge(used)

    # Extrinsics.

    @property
    def extrinsics(self) -> tuple[bytes, ...]:
        """The extrinsics so far."""
        return tuple(self._raws)

    @property
    def weight_left(self) -> Weight:
        """What the block could still hold."""
        return self._meter.left()

    def apply(self, raw: bytes) -> Applied:
        """Decode and apply one extrinsic; see `apply_extrinsic`. Raises DecodeError too."""
        return self._include(self._parts.codec.decode(raw), None)

    def apply_extrinsic(self, extrinsic: Extrinsic) -> Applied:
        """Apply one extrinsic.

        Raises `TransactionValidityError` when it may not enter the block, `InvalidBlock` when no block may
        hold it; either way nothing of it remains.
        """
        return self._include(extrinsic, None)

    def _include(self, extrinsic: Extrinsic, look: Callable[[], None] | None) -> Applied:
        index = len(self._raws)
        if index >= EXTRINSICS_MAX:
            raise InvalidBlock(f"more than {EXTRINSICS_MAX} extrinsics")
        self._enter(b"\0" + index.to_bytes(4, "little"))
        overlay, meter = self.overlay, self._meter
        taken, mark = meter.taken, overlay.open()
        try:
            applied = self._apply(extrinsic)
            if look is not None:
                look()
        except (TransactionValidityError, InvalidBlock):
            overlay.undo(mark)
            meter.cancel(taken)
            raise
        except Exception as cause:
            overlay.undo(mark)
            meter.cancel(taken)
            raise CallBroken(extrinsic.call, cause) from cause
        try:
            overlay.keep(mark)
        except Exception as cause:
            meter.cancel(taken)
            raise CallBroken(extrinsic.call, cause) from cause
        self._raws.append(extrinsic.raw)
        return applied

    def try_apply(self, raw: bytes) -> Applied:
        """Apply one extrinsic if every invariant would hold were the block to end after it; raises
        `InvariantBroken` and undoes it if not.
        """
        extrinsic = self._parts.codec.decode(raw)
        return self._include(extrinsic, self.check_end)

    def check_end(self) -> None:
        """See whether every invariant would hold if the block ended here; raises `InvalidBlock` if not.

        What the closing hooks settle, such as the fees on their way to their account, is settled for the look
        and undone after it.
        """
        self._enter(PHASE_FINALIZATION)
        self._host.at_end(_nothing)

    def inherents(self, data: Mapping[bytes, bytes]) -> list[bytes]:
        """The inherents that the pallets want in this block, from what the author observed."""
        self._enter(PHASE_INITIALIZATION)
        calls = [hook.run(data) for hook in self._parts.hooks["create_inherent"]]
        return [self._parts.codec.bare(call) for call in calls if call is not None]

    def check_inherents(self, data: Mapping[bytes, bytes], extrinsics: tuple[Extrinsic, ...]) -> None:
        """Compare the block's inherents with what the importer observed; raises `InvalidBlock`."""
        self._enter(PHASE_INITIALIZATION)
        for extrinsic in extrinsics:
            if extrinsic.signature is None:
                for hook in self._parts.hooks["check_inherent"]:
                    wrong = hook.run(extrinsic.call, data)
                    if wrong is not None:
                        raise InvalidBlock(f"the inherent of {hook.pallet} is wrong: {wrong}")

    def _apply(self, extrinsic: Extrinsic) -> Applied:
        call, signature = extrinsic.call, extrinsic.signature
        info = call.info
        declaration = info.declaration
        weight = info.fixed_weight or info.weight_of(call.args)
        length = len(extrinsic.raw)
        if signature is None:
            return self._apply_bare(extrinsic, weight)
        if declaration.dispatch_class is _MANDATORY:
            raise BadMandatory
        if self._is_migrating:
            raise ExhaustsResources
        self._transactions_began = True
        address = signature.address
        if not isinstance(address, Address):
            raise CannotLookupSigner
        who = address.account
        check_proof(self._parts, extrinsic, who, self._verified, self._implied)
        self._meter.take(weight, length, declaration.dispatch_class)
        extras = signature.extras
        prepared: list[Any] = []
        for place, prepare in self._prepare:
            prepared.append(prepare(who, call, length, extras[place]))
        failure = refusal = None
        post = FULL_WEIGHT
        try:
            post = self._host.dispatch(call, Signed(who))
        except DispatchError as error:
            refusal = error
            failure = self._host.failure(error)
        return self._settle(call, length, weight, post, failure, refusal, prepared)

    def _apply_bare(self, extrinsic: Extrinsic, weight: Weight) -> Applied:
        call = extrinsic.call
        mandatory = call.info.declaration.dispatch_class is _MANDATORY
        if mandatory and self._transactions_began:
            raise InherentMisplaced
        if not mandatory:
            if self._is_migrating:
                raise ExhaustsResources
            self._transactions_began = True
            validate_unsigned(self._parts, call)
        self._meter.take(weight, len(extrinsic.raw), call.info.declaration.dispatch_class)
        failure = refusal = None
        post = FULL_WEIGHT
        try:
            post = self._host.dispatch(call, Unsigned())
        except DispatchError as error:
            if mandatory:
                raise BadMandatory from error
            refusal = error
            failure = self._host.failure(error)
        return self._settle(call, len(extrinsic.raw), weight, post, failure, refusal, None)

    def _settle(
        self,
        call: Call,
        length: int,
        weight: Weight,
        post: PostInfo,
        failure: DispatchErrorValue | None,
        refusal: DispatchError | None,
        prepared: list[Any] | None,
    ) -> Applied:
        declaration = call.info.declaration
        used = weight
        if post.actual_weight is not None:
            used = post.actual_weight.least(weight)
            self._meter.give_back(weight - used, declaration.dispatch_class)
        pays = post.pays and declaration.pays is _PAYS
        if prepared is not None:
            for place, settle in self._post:
                settle(prepared[place], call, length, used, pays)
        system = self._parts.system
        success = self._parts.successes.get(call.info)
        if success is not None and failure is None and used is weight and post.pays:
            system.extrinsic_succeeded(success)
        else:
            told = DispatchEventInfo(used, declaration.dispatch_class, Pays.Yes if pays else Pays.No)
            system.extrinsic_applied(failure, told)
        return Applied(failure, refusal, used)

    # The end.

    def finish(self) -> Built:
        """Run the closing hooks, check every invariant, and freeze the result. Raises `InvalidBlock`."""
        parts, host = self._parts, self._host
        self._enter(PHASE_FINALIZATION)
        for hook in () if self._is_migrating else parts.hooks["on_idle"]:
            left = self._meter.left()
            used = self._run_hook(hook, "on_idle", self._number, left)
            self._meter.charge(used.least(left))
        for hook in parts.hooks["on_finalize"]:
            self._run_hook(hook, "on_finalize", self._number)
        count = len(self.overlay.events) // RECORD_PARTS
        events = _count.encode(count) + b"".join(self.overlay.events)
        logs: list[DigestItem] = []

        def close() -> None:
            logs.extend(parts.system.end_block(events, count, self._meter.used()))

        self._in_layer(close, "System", "end_block")
        self.check_invariants()
        state = host.overlay.commit()
        header = Header(
            parent_hash=self._parent_hash,
            number=self._number,
            state_root=state.root,
            extrinsics_root=ordered_trie_root(self._raws, StateVersion.V0),
            digest=Digest(tuple(logs)),
        )
        return Built(Block(header, tuple(self._raws)), state)

    def check_invariants(self) -> None:
        """Look at every invariant now; raises `InvariantBroken` with the first that does not hold."""
        self._enter(PHASE_FINALIZATION)
        check_invariants(self._parts)

    # Layers.

    def _enter(self, phase: bytes) -> None:
        host = self._host
        host.overlay = self.overlay
        host.number = self._number
        host.phase = phase

    def _upgrade(self) -> None:
        """Meet a state that another runtime has left behind."""
        parts = self._parts
        for hook in parts.hooks["on_runtime_upgrade"]:
            used = self._run_hook(hook, "on_runtime_upgrade")
            if used is not None:
                self._meter.charge(used)

        def note() -> None:
            parts.migrations.begin()
            parts.system.note_runtime_upgrade(parts.version.spec_version)

        self._in_layer(note, "System", "note_runtime_upgrade")

    def _migrate(self) -> bool:
        """Take what steps of migrations fit into this block; whether more are to come."""
        migrations, left = self._parts.migrations, MIGRATION_MAX
        for _ in range(STEPS_MAX):
            found = migrations.next_step()
            if found is None:
                return False
            pallet, migration = found
            if not migration.step.fits(left):
                break
            self._in_layer(migrations.step, pallet, migration.attribute)
            left -= migration.step
            self._meter.charge(migration.step)
        return True

    def _run_hook(self, hook: Hook, name: str, *given: Any) -> Any:
        return run_hook(self.overlay, hook, name, *given)

    def _in_layer(self, work: Callable[[], None], pallet: str, hook: str) -> None:
        in_layer(self.overlay, work, pallet, hook)


def _nothing() -> None:
    """What a block that is only tried is asked at its end."""


def steps(
    extensions: tuple[TransactionExtension, ...],
) -> tuple[tuple[tuple[int, Callable[..., Any]], ...], tuple[tuple[int, Callable[..., None]], ...]]:
    """Which extensions act before a call, by their place; and which of those after it, by their place among
    them.
    """
    acting = [place for place, each in enumerate(extensions) if _acts(each)]
    before = tuple((place, extensions[place].prepare) for place in acting)
    after = tuple(
        (number, extensions[place].post_dispatch)
        for number, place in enumerate(acting)
        if _overrides(extensions[place], "post_dispatch")
    )
    return before, after


def _acts(extension: TransactionExtension) -> bool:
    return _overrides(extension, "prepare") or _overrides(extension, "post_dispatch")


def _overrides(extension: TransactionExtension, method: str) -> bool:
    return getattr(type(extension), method) is not getattr(TransactionExtension, method)
