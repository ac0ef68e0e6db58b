"""What the calls of Solvency cost: storage read and written, and picoseconds beside it.

Written by `ballast bench weights --write`, as measured on AMD EPYC, CPython 3.11.7.
"""

from __future__ import annotations

from typing import Final

from runtime.types import db

WIND_DOWN: Final = db(reads=2, writes=1, compute=36_000_000)
