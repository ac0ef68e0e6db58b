"""Whatever blocks come, compete, are finalized and lost to a power failure, every state answers as the plain
recursive reference does (its root, values, keys in order, proofs), and nothing is kept that no state needs.
"""

from typing import NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule

from node.storage import Column, RocksStates
from node.storage.records import number_of
from runtime.state import NotNext, State, StateDiscarded
from runtime.trie import StateVersion, verify_proofs
from runtime.trie.branch import ids_of
from support.reference_trie import reference_root
from support.storage import ForgetfulDatabase

WINDOW = 3
BUDGET_BYTES = 4_000
"""Room for one or two branches, so that nearly all are read from the database."""

# Few distinct bytes, so that keys are prefixes of one another and part at every nibble; some long enough that
# their nodes never stand inline.
key_parts = st.sampled_from([b"\x00", b"\x01", b"\x10", b"\x11", b"\xf0", b"\x11" * 16, b"\x10" * 40])
keys = st.lists(key_parts, max_size=4).map(b"".join)
values = st.one_of(
    st.sampled_from([b"", b"\x00", b"v" * 27, b"v" * 31, b"v" * 32, b"v" * 33, b"v" * 80]),
    st.integers(0, 400).map(lambda size: size.to_bytes(2, "big") * (size // 2)),
)
changes = st.dictionaries(keys, st.none() | values, max_size=12)


class Model(NamedTuple):
    """A state and what it must hold."""

    state: State
    held: dict[bytes, bytes]
    height: int


def after(held: dict[bytes, bytes], changed: dict[bytes, bytes | None]) -> dict[bytes, bytes]:
    return {key: value for key, value in {**held, **changed}.items() if value is not None}


def present(value: bytes) -> tuple[bytes]:
    return (value,)


class Chain(RuleBasedStateMachine):
    """A chain of states, with forks, finality, restarts and power failures."""

    models = Bundle("models")

    @initialize(target=models, version=st.sampled_from(StateVersion), first=changes)
    def genesis(self, version: StateVersion, first: dict[bytes, bytes | None]) -> Model:
        self.version = version
        self.database = ForgetfulDatabase()
        self.open()
        held = after({}, first)
        self.history = {0: held}
        self.synced = 0
        return Model(self.states.genesis(first), held, 0)

    def open(self) -> None:
        self.rewound: list[int] = []
        self.states = RocksStates(
            self.database, budget_bytes=BUDGET_BYTES, window=WINDOW, version=self.version, decoded_max=8
        )

    @rule(target=models, parent=models, changed=changes, is_decoded=st.booleans())
    def block(self, parent: Model, changed: dict[bytes, bytes | None], is_decoded: bool) -> Model:
        """A block over any state still held, competing with any other."""
        if parent.state.states is not self.states or self.may_be_gone(parent):
            return parent
        decoded = {key: present(value) for key, value in changed.items() if value is not None}
        state = parent.state.child(changed, decoded if is_decoded else {})
        model = Model(state, after(parent.held, changed), parent.height + 1)
        assert state.root == reference_root(model.held, self.version)
        self.check(model, list(changed))
        return model

    @rule(target=models, changed=changes, sync=st.booleans())
    def final_block(self, changed: dict[bytes, bytes | None], sync: bool) -> Model:
        """A block over the finalized state, finalized at once."""
        head = self.states.head
        state = head.child(changed, {})
        held = after(self.history[head.height], changed)
        self.finalize(Model(state, held, head.height + 1), sync)
        return Model(state, held, head.height + 1)

    @rule(model=models, sync=st.booleans())
    def finality(self, model: Model, sync: bool) -> None:
        """The finality of a block that waited, if it stands on the finalized state."""
        if model.state.states is self.states and model.height == self.states.head.height + 1:
            try:
                self.finalize(model, sync)
            except NotNext as error:
                head = self.states.head.height
                assert str(error) == f"only a child of the finalized state at height {head} can be finalized"

    def finalize(self, model: Model, sync: bool) -> None:
        self.states.finalize(model.state, sync=sync)
        self.history[model.height] = model.held
        if sync:
            self.synced = model.height
        self.check(model, list(model.held)[:3])

    @rule()
    def restart(self) -> None:
        """All that was not finalized is gone; ids that were not written are free."""
        self.open()
        assert self.states.next_id == self.states.store.next_id

    @rule(target=models, back=st.integers(0, WINDOW))
    def rewind(self, back: int) -> Model:
        """A development chain goes back to a state of the window, and on from there."""
        height = max(self.states.store.oldest, self.states.head.height - back)
        head = self.states.rewind(height)
        self.rewound.append(height)
        self.history = {height: held for height, held in self.history.items() if height <= head.height}
        self.synced = head.height
        model = Model(head, self.history[height], height)
        self.check(model, list(model.held)[:3])
        return model

    @rule()
    def power_failure(self) -> None:
        """The chain opens at its last synced batch."""
        self.database.lose_power()
        self.open()
        self.history = {height: held for height, held in self.history.items() if height <= self.synced}
        assert self.states.head.height == self.synced
        assert self.states.head.root == reference_root(self.history[self.synced], self.version)

    @rule(model=models, asked=st.lists(keys, max_size=4))
    def query(self, model: Model, asked: list[bytes]) -> None:
        """Any state still held answers, or says that it is discarded."""
        if model.state.states is self.states:
            try:
                self.check(model, asked)
            except StateDiscarded:
                assert self.may_be_gone(model)

    def may_be_gone(self, model: Model) -> bool:
        """Whether the finalized state below has left the window, or was taken back."""
        state = model.state
        while hasattr(state, "_below"):
            state = state._below
        return state.height < self.states.store.oldest or any(state.height > to for to in self.rewound)

    @rule(back=st.integers(0, WINDOW + 2), asked=st.lists(keys, max_size=4))
    def past(self, back: int, asked: list[bytes]) -> None:
        """The last finalized states answer; older ones say that they are discarded."""
        head = self.states.head.height
        height = head - back
        try:
            state = self.states.at(height)
        except StateDiscarded as error:
            assert str(error) == f"the state at height {height} is already discarded"
            assert back > WINDOW or height < 0
        else:
            assert 0 <= back <= WINDOW
            self.check(Model(state, self.history[height], height), asked)

    @rule()
    def nothing_is_kept_in_vain(self) -> None:
        """The database holds exactly the nodes of the states in the window."""
        store = self.states.store
        needed = set()
        for height in range(store.oldest, store.height + 1):
            ids = [self.states.at(height).top]
            while ids:
                id = ids.pop()
                if id and id not in needed:
                    needed.add(id)
                    if not id & 1:
                        ids += ids_of(store.branch(id))
        kept = [
            number_of(key) for column in (Column.NODES, Column.LEAVES) for key in self.database.keys(column)
        ]
        assert sorted(kept) == sorted(needed)

    def check(self, model: Model, asked: list[bytes]) -> None:
        state, held = model.state, model.held
        assert state.root == reference_root(held, self.version)
        assert list(state.keys(b"")) == sorted(held)
        for key in asked:
            assert state.get(key) == held.get(key)
            assert state.read(key, present) == (present(held[key]) if key in held else None)
            following = sorted(other for other in held if other.startswith(key[:1]) and other > key)
            assert list(state.keys(key[:1], key)) == following
        proof = state.prove(asked)
        assert len(set(proof)) == len(proof)
        if asked:
            assert verify_proofs(state.root, proof, asked) == {key: held.get(key) for key in asked}


Chain.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestChain = Chain.TestCase
