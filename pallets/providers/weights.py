"""What the calls of Providers cost: storage read and written, and picoseconds beside it.

Written by `ballast bench weights --write`, as measured on AMD EPYC, CPython 3.11.7.
"""

from __future__ import annotations

from typing import Final

from runtime.types import db

ACCEPT_NOVATION: Final = db(reads=36, writes=22, compute=368_000_000)
BOND: Final = db(reads=11, writes=8, compute=242_000_000)
CANCEL_NOVATION: Final = db(reads=4, writes=2, compute=114_000_000)
GIVE_NOTICE: Final = db(reads=23, writes=24, compute=358_000_000)
OFFER_NOVATION: Final = db(reads=5, writes=2, compute=115_000_000)
REMOVE_UNIT: Final = db(reads=17, writes=10, compute=227_000_000)
SET_TIER: Final = db(reads=12, writes=11, compute=190_000_000)
UNBOND: Final = db(reads=19, writes=9, compute=258_000_000)
WITHDRAW_UNBONDED: Final = db(reads=4, writes=3, compute=114_000_000)
