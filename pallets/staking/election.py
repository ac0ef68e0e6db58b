"""The election: the largest bonds win, and none outweighs the others by much.

A weight is w_i = min(b_i, c): water that is filled up to one level c, the highest at which no weight is more
than a tenth of their sum,

    10 c <= sum min(b_i, c)

With n < 10 validators no level does that, and the bonds are the weights. Otherwise let the bonds descend and
the first j < 10 be cut: then c = (what the others have) // (10 - j), rounded down, and j is the least for
which the next bond stays below that. There always is one: j = 9 leaves at least the tenth bond itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

SHARES: Final = 10
"""No validator has more than one of so many parts of all weight."""


def weights_of(bonds: Sequence[int]) -> tuple[int, ...]:
    """The weights of bonds that are above zero and descend, in their order."""
    if len(bonds) < SHARES:
        return tuple(bonds)
    rest = sum(bonds)
    for cut in range(SHARES):
        level = rest // (SHARES - cut)
        if bonds[cut] <= level:
            return tuple(min(bond, level) for bond in bonds)
        rest -= bonds[cut]
    raise AssertionError("the tenth bond is never above what is left")
