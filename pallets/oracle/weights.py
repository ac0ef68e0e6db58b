"""What the calls of Oracle cost: storage read and written, and picoseconds beside it.

Written by `ballast bench weights --write`, as measured on AMD EPYC, CPython 3.11.7.
"""

from __future__ import annotations

from typing import Final

from runtime.types import db

ADMIT: Final = db(reads=2, writes=2, compute=56_000_000)
BOND: Final = db(reads=4, writes=4, compute=98_000_000)
CANCEL_SLASH: Final = db(reads=1, writes=1, compute=50_000_000)
COMMIT: Final = db(reads=2, writes=1, compute=24_000_000)
DISMISS: Final = db(reads=1, writes=1, compute=51_000_000)
UNBOND: Final = db(reads=1, writes=1, compute=47_000_000)
WITHDRAW_UNBONDED: Final = db(reads=5, writes=5, compute=105_000_000)
