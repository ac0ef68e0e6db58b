"""A pallet is given its annotations, owns its assignments, and is sealed."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import pytest

from runtime.frame import (
    Error,
    Event,
    Host,
    NoError,
    NoEvent,
    Pallet,
    Parameter,
    Root,
    Signed,
    StorageValue,
    call,
)
from runtime.frame.host import PHASE_INITIALIZATION
from runtime.frame.interfaces import Clock
from runtime.scale import U32, Struct, codec_of
from runtime.types import Moment, db


class Config(Struct):
    """Constants."""

    limit: U32


class Stopped:
    """A clock that stands."""

    def moment(self) -> Moment:
        return 7


class Box(Pallet[NoEvent, NoError]):
    """Is given two things, owns one."""

    config: Config
    clock: Clock

    total = StorageValue[U32](default=0)


def box() -> Box:
    return Box(host=Host(), config=Config(3), clock=Stopped())


def test_what_is_given_is_at_hand() -> None:
    assert (box().config.limit, box().clock.moment(), box().total) == (3, 7, 0)
    assert list(Box.given()) == ["host", "config", "clock"]


@pytest.mark.parametrize("name", ["cache", "config", "host", "emit", "calls"])
def test_an_instance_is_sealed(name: str) -> None:
    instance: Any = box()
    with pytest.raises(AttributeError) as refusal:
        setattr(instance, name, 1)
    assert str(refusal.value) == f"Box.{name} is not declared storage"
    with pytest.raises(AttributeError) as refusal:
        delattr(instance, name)
    assert str(refusal.value) == f"Box.{name} is not declared storage"


def test_a_class_keeps_no_state_beside_its_storage() -> None:
    with pytest.raises(TypeError) as refusal:

        class Remembering(Pallet[NoEvent, NoError]):
            """Remembers for as long as the process lives."""

            cache: ClassVar[dict[int, int]] = {}

    assert str(refusal.value) == ("Remembering.cache is mutable, and state lives in storage: declare it")


def test_what_is_missing_or_unknown_is_named() -> None:
    make: Any = Box
    with pytest.raises(TypeError) as refusal:
        make(host=Host(), config=Config(3))
    assert str(refusal.value).startswith("Box needs 'clock': ")
    with pytest.raises(TypeError) as refusal:
        make(host=Host(), config=Config(3), clock=Stopped(), oracle=1)
    assert str(refusal.value) == "Box is given nothing named 'oracle': it wants host, config, clock"


def test_calls_share_no_index() -> None:
    with pytest.raises(TypeError) as refusal:

        class Twice(Pallet[NoEvent, NoError]):
            """Two calls, one index."""

            @call(index=1, weight=db())
            def one(self, origin: Signed) -> None: ...

            @call(index=1, weight=db())
            def two(self, origin: Signed) -> None: ...

    assert str(refusal.value) == "Twice: calls 'one' and 'two' both have index 1"


def test_names_that_every_pallet_has_are_not_hidden() -> None:
    with pytest.raises(TypeError) as refusal:

        class Hiding(Pallet[NoEvent, NoError]):
            """Owns what it is."""

            calls = StorageValue[U32](default=0)  # type: ignore[assignment]

    assert str(refusal.value) == "Hiding.calls hides what every pallet has: choose another name"


@pytest.mark.parametrize("name", ["emit", "emit_encoded", "encode_event", "host", "stored", "seat"])
def test_nor_are_those_that_it_has_only_when_it_is_made(name: str) -> None:
    with pytest.raises(TypeError) as refusal:
        type("Hiding", (Pallet,), {name: StorageValue[U32](default=0)})
    assert str(refusal.value) == f"Hiding.{name} hides what every pallet has: choose another name"


def test_a_stored_item_is_there_itself() -> None:
    total = box().stored("total")
    total.set(total.get() + 4)
    assert (total.name, total.get(), total.before()) == ("Box.Total", 4, 0)


def test_a_pallet_may_widen_another() -> None:
    class Wider(Box):
        """One item more; the inherited ones stay."""

        more = StorageValue[U32](default=5)

    wider = Wider(host=Host(), config=Config(3), clock=Stopped())
    wider.total = 1
    assert (wider.total, wider.more) == (1, 5)
    assert list(Wider.storage) == ["total", "more"]


class LampEvent(Event):
    """What it tells."""


class Lit(LampEvent, index=0):
    """It is on."""

    watts: U32


class LampError(Error):
    """Why it refuses."""


class TooBright(LampError, index=0):
    """It would blind
    everybody.
    """


class Burnt(LampError, index=3):
    """It is dark for ever."""


class Lamp(Pallet[LampEvent, LampError]):
    """Tells and refuses."""

    level = Parameter[U32](default=1, bounds=(0, 9), track="", doc="")

    @call(index=0, weight=db())
    def light(self, origin: Signed | Root, watts: U32) -> None:
        self.level = watts
        self.emit(Lit(watts))
        if watts > 5:
            raise TooBright


def test_events_and_errors_belong_to_the_pallet() -> None:
    assert (Lamp.event_root, Lamp.error_root) == (LampEvent, LampError)
    assert LampError.variants == {0: TooBright, 3: Burnt}
    assert str(TooBright()) == "TooBright: It would blind everybody."


def test_an_error_undoes_the_call_events_included() -> None:
    lamp = Lamp(host=Host())
    lamp.host.dispatch(lamp.light.call(2), Root())
    with pytest.raises(TooBright):
        lamp.host.dispatch(lamp.light.call(6), Root())
    assert lamp.level == 2
    phase, index, event, topics = lamp.host.overlay.events
    assert (phase, index, topics) == (PHASE_INITIALIZATION, b"\0", b"\0")
    assert codec_of(LampEvent).decode(event) == Lit(2)


def test_errors_are_numbered_under_one_root() -> None:
    with pytest.raises(TypeError) as refusal:

        class Again(LampError, index=0):
            """Takes a number that is taken."""

    assert str(refusal.value).endswith("Again: index=0 is already TooBright")
    with pytest.raises(TypeError) as refusal:

        class Unnumbered(LampError):
            """Forgets its number."""

    assert str(refusal.value).endswith("Unnumbered is one of several errors: give it index=")
    with pytest.raises(TypeError) as refusal:

        class Far(LampError, index=256):
            """Takes a number that no byte holds."""

    assert str(refusal.value).endswith("Far: index=256 is outside [0, 255]")


def test_one_unit_of_work_is_undone_alone() -> None:
    lamp = Lamp(host=Host())

    def light(watts: int) -> None:
        lamp.light(Root(), watts)

    assert lamp.attempt(partial(light, 3)) is None
    assert isinstance(lamp.attempt(partial(light, 7)), TooBright)
    assert lamp.level == 3

    def crash() -> None:
        lamp.level = 4
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        lamp.attempt(crash)
    assert lamp.level == 3
