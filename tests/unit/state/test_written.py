"""What an overlay says was written under an item is what was written and not undone."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.state import MemoryStates
from runtime.state.overlay import Overlay

ITEMS = [bytes([n]) * 32 for n in range(3)]
BELOW = {item + bytes([n]): b"below" for item in ITEMS for n in range(0, 256, 2)}
keys = st.tuples(st.sampled_from(ITEMS), st.binary(max_size=2)).map(b"".join)
steps = st.lists(st.one_of(keys, st.sampled_from(["open", "undo", "keep", "read", "ask"])), max_size=40)


@given(steps)
def test_written_keys_are_found_by_item(taken: list[bytes | str]) -> None:
    states = MemoryStates()
    states.genesis(BELOW)
    overlay = Overlay(states.head)
    marks = [overlay.open()]
    layers: list[set[bytes]] = [set()]
    for step in taken:
        if step == "open":
            marks.append(overlay.open())
            layers.append(set())
        elif step in ("undo", "keep"):
            if len(marks) == 1:
                continue
            top = layers.pop()
            if step == "keep":
                overlay.keep(marks.pop())
                layers[-1] |= top
            else:
                overlay.undo(marks.pop())
        elif step == "read":
            for key in BELOW:
                overlay.get(key, bytes)
        elif isinstance(step, bytes):
            overlay.put(step, step, bytes)
            layers[-1].add(step)
        written = set().union(*layers)
        for prefix in (*ITEMS, ITEMS[1] + b"\0", ITEMS[2][:5], ITEMS[1] + b"\xff", b"\xff", b""):
            assert overlay.written(prefix) == tuple(sorted(key for key in written if key.startswith(prefix)))
