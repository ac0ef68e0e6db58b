"""What the calls of Redemption cost: storage read and written, and picoseconds beside it.

Written by `ballast bench weights --write`, as measured on AMD EPYC, CPython 3.11.7.
"""

from __future__ import annotations

from typing import Final

from runtime.types import db

ACCEPT: Final = db(reads=4, writes=5, compute=60_000_000)
BEGIN: Final = db(reads=5, writes=4, compute=51_000_000)
CONFIRM: Final = db(reads=40, writes=34, compute=405_000_000)
DELIVER: Final = db(reads=29, writes=22, compute=95_000_000)
READY: Final = db(reads=5, writes=4, compute=42_000_000)
TRANSFER: Final = db(reads=3, writes=3, compute=74_000_000)
