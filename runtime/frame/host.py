"""The host: the one mutable thing that the pallets of a runtime share.

It points at the overlay of the block (or query) being executed, and knows that block's number and phase.
Pallets reach it through their storage, `emit` and `dispatch`; the executive swaps what it points at, so that
one runtime answers for many states.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from msgspec import Struct

from runtime.frame.error import BadOrigin, DispatchError, Error, Exhausted
from runtime.frame.failure import failure_of
from runtime.scale import Codec, Codecs, Err, Ok
from runtime.state import MemoryStates
from runtime.state.overlay import LayersTooDeep, Overlay
from runtime.types.dispatch import DispatchErrorValue, DispatchResult
from runtime.types.weight import Weight
from runtime.version import UNVERSIONED, RuntimeVersion

T = TypeVar("T")
CALL_DEPTH_MAX: Final = 32
"""How deep calls may dispatch calls."""


class CallFiltered(BadOrigin):
    """The call is filtered: a filter of the chain, or of a wrapper around it, does not let it through."""


class PostInfo(Struct, frozen=True):
    """What a call reports after it ran: the weight that it really used, and whether the fee is still due."""

    actual_weight: Weight | None = None
    pays: bool = True

    def weight_of(self, call: Call) -> Weight:
        """The weight that `call`, which reported this, has used."""
        return call.weight if self.actual_weight is None else self.actual_weight


class Call(Struct, frozen=True):
    """A call as data: what to do, and with what; frozen, so it can be stored, batched and voted on."""

    info: Any
    """The call's declaration in this runtime (`runtime.frame.call.BoundCall`)."""
    args: tuple[Any, ...]
    """The arguments, in order."""

    @property
    def weight(self) -> Weight:
        """The most that the call may use."""
        weight: Weight = self.info.weight_of(self.args)
        return weight

    def __str__(self) -> str:
        return f"{self.info.pallet}.{self.info.name}"


Filter = Callable[[Call], bool]
Read = Callable[[], Any]


class Host:
    """What every pallet of one runtime shares."""

    __slots__ = (
        "_at_end",
        "_depth",
        "_error_pallets",
        "_filters",
        "_own_filters",
        "codec",
        "number",
        "overlay",
        "phase",
        "version",
    )

    def __init__(
        self,
        overlay: Overlay | None = None,
        bindings: Mapping[object, Codec[Any]] | None = None,
        version: RuntimeVersion = UNVERSIONED,
    ) -> None:
        self.overlay = overlay if overlay is not None else Overlay(MemoryStates().head)
        self.codec: Callable[[Any], Codec[Any]] = Codecs(bindings).codec_of
        """The codec of a type as this runtime knows it, `RuntimeCall` and its kin included."""
        self.number = 0
        """The block being executed."""
        self.phase = PHASE_INITIALIZATION
        """What events deposited now belong to, encoded."""
        self.version = version
        """Which runtime this is."""
        self._filters: tuple[Filter, ...] = ()
        self._own_filters: tuple[Filter, ...] = ()
        self._error_pallets: Mapping[type[Error], int] = {}
        self._depth = 0
        self._at_end: Callable[[Read], Any] | None = None

    def dispatch(self, call: Call, origin: Any, *, only: Filter | None = None) -> PostInfo:
        """Run a call on the authority of `origin`, in a storage layer of its own.

        `only` narrows what may run, here and in every call dispatched from within. Raises `DispatchError`
        when the call is refused; then nothing that it did remains.
        """
        info, overlay, depth, before = call.info, self.overlay, self._depth, self._filters
        filters = before if only is None else (*before, only)
        if not isinstance(origin, info.allowed):
            raise BadOrigin
        if filters and not info.is_root(origin) and not _passes(call, filters):
            raise CallFiltered
        if depth >= CALL_DEPTH_MAX:
            raise Exhausted
        try:
            mark = overlay.open()
        except LayersTooDeep:
            raise Exhausted from None
        self._depth, self._filters = depth + 1, filters
        try:
            post: PostInfo | None = info.run(origin, *call.args)
        except BaseException:
            overlay.undo(mark)
            raise
        finally:
            self._depth, self._filters = depth, before
        overlay.keep(mark)
        return post if post is not None else FULL_WEIGHT

    def dispatch_apart(self, call: Call, origin: Any) -> PostInfo:
        """Run a call by the chain's own filters alone, whatever narrows the call that runs now: for what is
        tried here and would run elsewhere. Raises `DispatchError`.
        """
        before = self._filters
        self._filters = self._own_filters
        try:
            return self.dispatch(call, origin)
        finally:
            self._filters = before

    def at_end(self, read: Callable[[], T]) -> T:
        """What `read` gives if the block ended here: closing hooks have run, and every invariant holds. All
        of that is undone again. What an author has still to put into the block is not missed. Raises
        `InvalidBlock`.
        """
        assert self._at_end is not None, "a block ends in a whole runtime"
        found: T = self._at_end(read)
        return found

    def try_dispatch(self, call: Call, origin: Any, *, only: Filter | None = None) -> DispatchResult:
        """Dispatch a call whose refusal is an outcome to tell, not one to pass on."""
        try:
            self.dispatch(call, origin, only=only)
        except DispatchError as refusal:
            return Err(self.failure(refusal))
        return Ok(())

    def failure(self, refusal: DispatchError) -> DispatchErrorValue:
        """A refusal as events tell it."""
        return failure_of(refusal, self._error_pallets)

    def settle(self, *, filters: tuple[Filter, ...], error_pallets: Mapping[type[Error], int]) -> None:
        """Say what only the whole runtime knows: its call filters, which hold for every origin but Root, and
        the index of each pallet by its error root.
        """
        self._filters = self._own_filters = filters
        self._error_pallets = error_pallets

    def close_by(self, at_end: Callable[[Read], Any]) -> None:
        """Say how a block ends, for `at_end`."""
        self._at_end = at_end


def _passes(call: Call, filters: tuple[Filter, ...]) -> bool:
    return all(passes(call) for passes in filters)


FULL_WEIGHT: Final = PostInfo()
PHASE_INITIALIZATION: Final = b"\x02"
PHASE_FINALIZATION: Final = b"\x01"
