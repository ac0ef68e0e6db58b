"""What the calls of Redemption cost: storage read and written, and picoseconds beside it.

Written by `ballast bench weights --write`, as measured on AMD EPYC, CPython 3.11.7.
"""

from __future__ import annotations

from typing import Final

from runtime.types import db

ACCEPT: Final = db(reads=4, writes=5, compute=74_000_000)
BEGIN: Final = db(reads=5, writes=4, compute=54_000_000)
CONFIRM: Final = db(reads=44, writes=38, compute=338_000_000)
DELIVER: Final = db(reads=28, writes=19, compute=97_000_000)
READY: Final = db(reads=5, writes=4, compute=38_000_000)
TRANSFER: Final = db(reads=3, writes=3, compute=73_000_000)
