"""What the calls of Identity cost: storage read and written, and picoseconds beside it.

Written by `ballast bench weights --write`, as measured on AMD EPYC, CPython 3.11.7.
"""

from __future__ import annotations

from typing import Final

from runtime.types import db

ADD_REGISTRAR: Final = db(reads=1, writes=1, compute=41_000_000)
CANCEL_REQUEST: Final = db(reads=3, writes=3, compute=89_000_000)
REMOVE_REGISTRAR: Final = db(reads=1, writes=1, compute=66_000_000)
REQUEST_JUDGEMENT: Final = db(reads=16, writes=12, compute=152_000_000)
SET_FEE: Final = db(reads=1, writes=1, compute=73_000_000)
