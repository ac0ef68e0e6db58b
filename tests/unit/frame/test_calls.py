"""Calls: the origin's type is the permission, a call is data, layers undo, filters hold in every wrapper."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from runtime.frame import (
    BadOrigin,
    Call,
    Exhausted,
    Host,
    NoError,
    NoEvent,
    Origin,
    Pallet,
    PostInfo,
    Root,
    Signed,
    StorageValue,
    Unsigned,
    call,
)
from runtime.frame.call import CallDeclaration
from runtime.frame.error import (
    BelowMinimum,
    DispatchError,
    DivisionByZero,
    Error,
    FundsUnavailable,
    Other,
    Overflow,
    TokenError,
)
from runtime.frame.failure import failure_of
from runtime.frame.host import CALL_DEPTH_MAX, CallFiltered
from runtime.frame.parameter import OutOfBounds
from runtime.scale import U8, U32, Compact, EncodeError, Err, Ok
from runtime.testing import refuses
from runtime.types import DispatchClass, Pays, Weight, db
from runtime.types import dispatch as told

ALICE = bytes([1]) * 32


class BenchOrigin(Origin):
    """The pallet's own authority."""


class Chair(BenchOrigin, index=0):
    """Whoever sits there."""


class BenchError(Error):
    """Why it refuses."""


class Full(BenchError, index=4):
    """Nobody fits any more."""


def weight_by_length(text: bytes, times: int) -> Weight:
    return Weight(len(text), 1).times(times)


class Bench(Pallet[NoEvent, BenchError]):
    """Calls of every kind."""

    origin_type = BenchOrigin
    total = StorageValue[U32](default=0)

    @call(index=0, weight=db())
    def by_signer(self, origin: Signed, amount: U32) -> None:
        """First line.

        Third line.
        """
        self.total += amount

    @call(index=1, weight=db(), dispatch_class=DispatchClass.Operational, pays=Pays.No)
    def by_root(self, origin: Root) -> None: ...

    @call(index=2, weight=db())
    def by_nobody(self, origin: Unsigned) -> None: ...

    @call(index=3, weight=db())
    def by_chair(self, origin: BenchOrigin) -> None: ...

    @call(index=4, weight=db())
    def by_signer_or_chair(self, origin: Signed | BenchOrigin) -> None: ...

    @call(index=5, weight=db())
    def by_anybody(self, origin: Origin) -> None: ...

    @call(index=6, weight=weight_by_length)
    def weighed(self, origin: Signed, text: bytes, times: Compact[U8]) -> PostInfo:
        return PostInfo(Weight(1, 1))

    @call(index=7, weight=db())
    def add_and_refuse(self, origin: Origin, amount: U32) -> None:
        self.total += amount
        raise Full

    # Wrappers; the host's codecs do not know RuntimeCall here, so the inner calls are given by hand.

    def wrap(self, inner: Call, origin: Any, *, only: Any = None) -> PostInfo:
        return self.host.dispatch(inner, origin, only=only)


@pytest.fixture
def bench() -> Bench:
    return Bench(host=Host())


ORIGINS = (Signed(ALICE), Root(), Unsigned(), Chair())


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("by_root", (Root,)),
        ("by_nobody", (Unsigned,)),
        ("by_chair", (Chair,)),
        ("by_signer_or_chair", (Signed, Chair)),
        ("by_anybody", (Signed, Root, Unsigned, Chair)),
    ],
)
def test_an_origin_that_the_type_does_not_name_is_refused(
    bench: Bench, name: str, allowed: tuple[type[Origin], ...]
) -> None:
    made = getattr(bench, name).call()
    for origin in ORIGINS:
        if isinstance(origin, allowed):
            bench.host.dispatch(made, origin)
        else:
            with refuses(bench, BadOrigin, "BadOrigin: The call may not be made on this authority."):
                bench.host.dispatch(made, origin)


def test_a_call_is_data_with_names_or_without(bench: Bench) -> None:
    made = bench.weighed.call(b"abc", times=2)
    assert made == bench.weighed.call(text=b"abc", times=2) == bench.weighed.call(b"abc", 2)
    assert (made.args, str(made), repr(made.info)) == ((b"abc", 2), "Bench.weighed", "<call Bench.weighed>")
    assert made.info.args_codec.encode(made.args) == bytes([12]) + b"abc" + bytes([8])
    assert made != bench.weighed.call(b"abc", 3)
    assert {made: 1}[bench.weighed.call(b"abc", 2)] == 1


def test_weights_are_fixed_or_follow_the_arguments(bench: Bench) -> None:
    made = bench.weighed.call(b"abc", 2)
    assert made.weight == Weight(6, 2)
    assert bench.host.dispatch(made, Signed(ALICE)).weight_of(made) == Weight(1, 1)
    fixed = bench.by_signer.call(1)
    assert bench.host.dispatch(fixed, Signed(ALICE)).weight_of(fixed) == fixed.weight == db()


def test_declarations_carry_what_metadata_tells(bench: Bench) -> None:
    assert Bench.by_signer.docs == ("First line.", "", "Third line.")
    assert Bench.by_root.dispatch_class is DispatchClass.Operational
    assert Bench.by_root.pays is Pays.No
    assert isinstance(Bench.by_signer, CallDeclaration)
    assert [each.index for each in Bench.calls.values()] == list(range(8))
    assert bench.by_signer.tag == bytes([0, 0])


def test_a_call_made_as_a_method_needs_no_dispatcher(bench: Bench) -> None:
    bench.by_signer(Signed(ALICE), 5)
    bench.by_signer(Signed(ALICE), amount=2)
    assert bench.total == 7


def test_a_refused_call_leaves_nothing(bench: Bench) -> None:
    bench.total = 1
    with pytest.raises(Full):
        bench.host.dispatch(bench.add_and_refuse.call(5), Root())
    assert bench.total == 1
    assert bench.host.try_dispatch(bench.by_signer.call(1), Signed(ALICE)) == Ok(())
    assert bench.host.try_dispatch(bench.by_signer.call(1), Root()) == Err(told.BadOrigin())


def test_an_argument_that_does_not_fit_is_refused_where_it_is_encoded(bench: Bench) -> None:
    with pytest.raises(EncodeError) as refusal:
        bench.by_signer.args_codec.encode((1 << 32,))
    assert ".amount" in str(refusal.value)


def is_no_root_call(inner: Call) -> bool:
    return str(inner) != "Bench.by_root"


def is_by_anybody(inner: Call) -> bool:
    return str(inner) == "Bench.by_anybody"


def test_the_chains_filter_holds_for_every_origin_but_root(bench: Bench) -> None:
    bench.host.settle(filters=(is_by_anybody,), error_pallets={})
    with refuses(bench, CallFiltered):
        bench.host.dispatch(bench.by_signer.call(1), Signed(ALICE))
    with refuses(bench, CallFiltered):
        bench.host.dispatch(bench.by_chair.call(), Chair())
    bench.host.dispatch(bench.by_root.call(), Root())
    bench.host.dispatch(bench.by_anybody.call(), Signed(ALICE))


class Wrapper(Pallet[NoEvent, NoError]):
    """Dispatches what it was told to."""

    bench: Bench

    @call(index=0, weight=db())
    def narrow(self, origin: Signed) -> None:
        """Lets only `outer` run inside."""
        self.host.dispatch(self.outer.call(), origin, only=lambda inner: inner.info.name != "by_signer")

    @call(index=1, weight=db())
    def outer(self, origin: Signed) -> None:
        """Tries a call that the wrapper around it forbids."""
        self.host.dispatch(self.bench.by_signer.call(1), origin)

    @call(index=2, weight=db())
    def forever(self, origin: Signed) -> None:
        """Calls itself."""
        self.bench.total += 1
        self.host.dispatch(self.forever.call(), origin)


def test_a_wrappers_filter_holds_however_deep_and_ends_with_it(bench: Bench) -> None:
    wrapper = Wrapper(host=bench.host, bench=bench)
    with refuses(bench, CallFiltered):
        bench.host.dispatch(wrapper.narrow.call(), Signed(ALICE))
    bench.host.dispatch(wrapper.outer.call(), Signed(ALICE))
    assert bench.total == 1


def test_calls_within_calls_are_refused_beyond_a_depth(bench: Bench) -> None:
    wrapper = Wrapper(host=bench.host, bench=bench)
    with refuses(bench, Exhausted):
        bench.host.dispatch(wrapper.forever.call(), Signed(ALICE))
    assert bench.total == 0

    def nested(depth: int) -> None:
        if depth:
            assert bench.attempt(partial(nested, depth - 1)) is None
        else:
            bench.host.dispatch(bench.by_signer.call(1), Signed(ALICE))

    nested(CALL_DEPTH_MAX)
    assert bench.total == 1


@pytest.mark.parametrize(
    ("refusal", "value"),
    [
        (Full(), told.Module(told.ModuleError(12, bytes([4, 0, 0, 0])))),
        (Other(), told.OtherError()),
        (OutOfBounds("X", 1, (2, 3)), told.OtherError()),
        (BadOrigin(), told.BadOrigin()),
        (CallFiltered(), told.BadOrigin()),
        (Exhausted(), told.Exhausted()),
        (FundsUnavailable(), told.Token(told.FundsUnavailable())),
        (BelowMinimum(), told.Token(told.BelowMinimum())),
        (Overflow(), told.Arithmetic(told.Overflow())),
        (DivisionByZero(), told.Arithmetic(told.DivisionByZero())),
    ],
)
def test_refusals_become_the_values_that_clients_know(refusal: DispatchError, value: object) -> None:
    assert failure_of(refusal, {BenchError: 12}) == value


def test_every_refusal_of_the_frame_has_its_value() -> None:
    """The variant names agree: a class that gets a wrong number would tell clients the wrong thing."""

    def leaves(cls: type[DispatchError]) -> list[type[DispatchError]]:
        below = [each for each in cls.__subclasses__() if each.__module__ == "runtime.frame.error"]
        return [leaf for each in below for leaf in leaves(each)] or [cls]

    for leaf in leaves(DispatchError):
        if issubclass(leaf, Error):
            continue
        value: Any = failure_of(leaf(), {})
        inner = value if not type(value).__match_args__ else value.error
        assert type(inner).__name__.removesuffix("Error") == leaf.__name__
    assert issubclass(FundsUnavailable, TokenError)


def make(function: Any, **given: Any) -> Any:
    return call(**{"index": 0, "weight": db(), **given})(function)


def test_a_declaration_that_is_not_whole_is_refused_by_name() -> None:
    async def waits(self: object, origin: Signed) -> None: ...

    def no_origin(self: object, amount: U32) -> None: ...

    def untyped(self: object, origin: Signed, amount) -> None: ...  # type: ignore[no-untyped-def]

    where = "test_a_declaration_that_is_not_whole_is_refused_by_name.<locals>"
    with pytest.raises(TypeError) as refusal:
        make(waits)
    assert str(refusal.value) == f"{where}.waits: a call cannot be async: the runtime waits for nothing"
    with pytest.raises(TypeError) as refusal:
        make(no_origin, index=256)
    assert str(refusal.value) == f"{where}.no_origin: call index 256 is outside [0, 255]"
    with pytest.raises(TypeError) as refusal:
        make(no_origin).signature()
    assert str(refusal.value) == f"{where}.no_origin: a call is written (self, origin: ..., arguments)"
    with pytest.raises(TypeError) as refusal:
        make(untyped).signature()
    assert str(refusal.value) == f"{where}.untyped: parameter 'amount' names no type"
