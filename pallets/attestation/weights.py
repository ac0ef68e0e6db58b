"""What the calls of Attestation cost: storage read and written, and picoseconds beside it.

Written by `ballast bench weights --write`, as measured on AMD EPYC, CPython 3.11.7.
"""

from __future__ import annotations

from typing import Final

from runtime.types import db

COMMIT: Final = db(reads=5, writes=1, compute=40_000_000)
DEMAND_LEAF: Final = db(reads=8, writes=4, compute=177_000_000)
SET_ROUNDS: Final = db(reads=5, writes=1, compute=48_000_000)
