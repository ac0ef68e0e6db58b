"""What the calls of Providers cost: storage read and written, and picoseconds beside it.

Written by `ballast bench weights --write`, as measured on AMD EPYC, CPython 3.11.7.
"""

from __future__ import annotations

from typing import Final

from runtime.types import db

ACCEPT_NOVATION: Final = db(reads=39, writes=26, compute=360_000_000)
BOND: Final = db(reads=12, writes=10, compute=222_000_000)
CANCEL_NOVATION: Final = db(reads=11, writes=6, compute=104_000_000)
GIVE_NOTICE: Final = db(reads=23, writes=24, compute=370_000_000)
OFFER_NOVATION: Final = db(reads=12, writes=6, compute=110_000_000)
REMOVE_UNIT: Final = db(reads=17, writes=10, compute=198_000_000)
SET_TIER: Final = db(reads=13, writes=11, compute=193_000_000)
UNBOND: Final = db(reads=19, writes=9, compute=257_000_000)
WITHDRAW_UNBONDED: Final = db(reads=4, writes=3, compute=96_000_000)
