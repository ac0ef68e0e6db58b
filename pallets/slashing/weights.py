"""What the calls of Slashing cost: storage read and written, and picoseconds beside it.

Written by `ballast bench weights --write`, as measured on AMD EPYC, CPython 3.11.7.
"""

from __future__ import annotations

from typing import Final

from runtime.types import db

CANCEL: Final = db(reads=2, writes=2, compute=46_000_000)
