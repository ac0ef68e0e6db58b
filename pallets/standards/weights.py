"""What the calls of Standards cost: storage read and written, and picoseconds beside it.

Written by `ballast bench weights --write`, as measured on AMD EPYC, CPython 3.11.7.
"""

from __future__ import annotations

from typing import Final

from runtime.types import db

ADD_CLASS: Final = db(reads=2, writes=2, compute=54_000_000)
