"""Whatever is written, read, walked, kept and undone in nested layers, the overlay is a plain dictionary with
copies.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from runtime.scale import U32, codec_of
from runtime.state import MemoryStates
from runtime.state.overlay import ABSENT, Mark, Overlay

NUMBER = codec_of(U32)
keys = st.sampled_from([bytes([pallet, item]) for pallet in (1, 2) for item in range(5)])
numbers = st.integers(0, 2**32 - 1)


class OverlayAgainstDictionary(RuleBasedStateMachine):
    """The model keeps one dictionary a layer; a layer that is undone is a dictionary thrown away."""

    def __init__(self) -> None:
        super().__init__()
        self.layers: list[dict[bytes, int]] = [{}]
        self.marks: list[Mark] = []
        self.events = [0]

    @initialize(below=st.dictionaries(keys, numbers))
    def begin(self, below: dict[bytes, int]) -> None:
        self.states = MemoryStates()
        self.states.genesis({key: NUMBER.encode(value) for key, value in below.items()})
        self.overlay = Overlay(self.states.head)
        self.layers = [dict(below)]

    @property
    def now(self) -> dict[bytes, int]:
        return self.layers[-1]

    @rule(key=keys, value=numbers)
    def put(self, key: bytes, value: int) -> None:
        self.overlay.put(key, value, NUMBER.write)
        self.now[key] = value

    @rule(key=keys, value=numbers)
    def put_raw(self, key: bytes, value: int) -> None:
        self.overlay.put_raw(key, NUMBER.encode(value))
        self.now[key] = value

    @rule(key=keys, is_raw=st.booleans())
    def delete(self, key: bytes, is_raw: bool) -> None:
        if is_raw:
            self.overlay.put_raw(key, None)
        else:
            self.overlay.delete(key, NUMBER.write)
        self.now.pop(key, None)

    @rule(key=keys)
    def read(self, key: bytes) -> None:
        assert self.overlay.get(key, NUMBER.decode) == self.now.get(key, ABSENT)

    @rule(prefix=st.sampled_from([b"", b"\1", b"\2", b"\3"]), after=st.none() | keys)
    def walk(self, prefix: bytes, after: bytes | None) -> None:
        expected = [
            key for key in sorted(self.now) if key.startswith(prefix) and (after is None or key > after)
        ]
        assert list(self.overlay.keys(prefix, after)) == expected

    @rule(limit=st.integers(0, 5))
    def clear_while_walking(self, limit: int) -> None:
        for key, _ in zip(self.overlay.keys(b"\1"), range(limit), strict=False):
            self.overlay.delete(key, NUMBER.write)
        for key in [key for key in sorted(self.now) if key.startswith(b"\1")][:limit]:
            del self.now[key]

    @precondition(lambda self: len(self.marks) < 6)
    @rule()
    def open(self) -> None:
        self.marks.append(self.overlay.open())
        self.layers.append(dict(self.now))
        self.events.append(self.events[-1])

    @rule()
    def tell(self) -> None:
        self.overlay.events.append(b"told")
        self.events[-1] += 1

    @precondition(lambda self: self.marks)
    @rule()
    def undo(self) -> None:
        self.overlay.undo(self.marks.pop())
        self.layers.pop()
        self.events.pop()

    @precondition(lambda self: self.marks)
    @rule()
    def keep(self) -> None:
        self.overlay.keep(self.marks.pop())
        self.layers[-2:] = self.layers[-1:]
        self.events[-2:] = self.events[-1:]

    @precondition(lambda self: not self.marks)
    @rule()
    def seal(self) -> None:
        """The child state holds what the model holds, and the next overlay stands on it."""
        child = self.overlay.commit()
        assert list(child.keys(b"")) == sorted(self.now)
        assert all(child.get(key) == NUMBER.encode(value) for key, value in self.now.items())
        self.states.finalize(child)
        self.overlay = Overlay(self.states.head)
        self.events = [0]

    @invariant()
    def events_are_those_of_the_layers_kept(self) -> None:
        if hasattr(self, "overlay"):
            assert len(self.overlay.events) == self.events[-1]


OverlayAgainstDictionary.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestOverlay = OverlayAgainstDictionary.TestCase
