"""What the calls of Issuance cost: storage read and written, and picoseconds beside it.

Written by `ballast bench weights --write`, as measured on AMD EPYC, CPython 3.11.7.
"""

from __future__ import annotations

from typing import Final

from runtime.types import db

BURN: Final = db(reads=21, writes=17, compute=242_000_000)
MINT: Final = db(reads=34, writes=26, compute=501_000_000)
