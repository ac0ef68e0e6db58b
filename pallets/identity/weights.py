"""What the calls of Identity cost: storage read and written, and picoseconds beside it.

Written by `ballast bench weights --write`, as measured on AMD EPYC, CPython 3.11.7.
"""

from __future__ import annotations

from typing import Final

from runtime.types import db

ADD_REGISTRAR: Final = db(reads=1, writes=1, compute=40_000_000)
CANCEL_REQUEST: Final = db(reads=3, writes=3, compute=94_000_000)
REMOVE_REGISTRAR: Final = db(reads=1, writes=1, compute=40_000_000)
REQUEST_JUDGEMENT: Final = db(reads=16, writes=14, compute=141_000_000)
SET_FEE: Final = db(reads=1, writes=1, compute=37_000_000)
