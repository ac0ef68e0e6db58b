"""The state of the chain: frozen states that stand on each other, and the overlay through which a block
changes one.
"""

from runtime.state.backend import NotNext, State, StateDiscarded, UnfinalizedTooDeep
from runtime.state.memory import MemoryStates
from runtime.state.states import States

__all__ = ["MemoryStates", "NotNext", "State", "StateDiscarded", "States", "UnfinalizedTooDeep"]
