"""What the calls of Rewards cost: storage read and written, and picoseconds beside it.

Written by `ballast bench weights --write`, as measured on AMD EPYC, CPython 3.11.7.
"""

from __future__ import annotations

from typing import Final

from runtime.types import db

CLAIM: Final = db(reads=21, writes=12, compute=193_000_000)
