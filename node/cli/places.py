"""Places: the options that say which chain, which node, which block; and where data lies unless told."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from cyclopts import Parameter
from cyclopts.validators import Number

from runtime.crypto.derive import KeyKind

DEFAULT_CHAIN: Final = "dev"
DEFAULT_RPC: Final = "ws://127.0.0.1:9944"
LISTED_MAX: Final = 1_000_000
"""The longest list."""

ChainName: TypeAlias = Annotated[
    str, Parameter(name="--chain", help="The chain: the name of a preset, or the file of a chain spec.")
]
"""The option that says which chain."""
RpcUrl: TypeAlias = Annotated[
    str, Parameter(name="--rpc", env_var="BALLAST_RPC", help="The WebSocket address of the node to ask.")
]
"""The option that says which node."""
At: TypeAlias = Annotated[
    str, Parameter(name="--at", help="The block to look at: a number, a hash, best or finalized.")
]
"""The option that says when."""
Limit: TypeAlias = Annotated[
    int,
    Parameter(name="--limit", validator=Number(gte=1, lte=LISTED_MAX), help="How many are listed at most."),
]
"""The option that bounds a list."""
Kind: TypeAlias = Annotated[
    KeyKind, Parameter(name="--kind", help="The kind of key that secret URIs such as //Alice mean.")
]
"""The option that says which kind of key."""


def data_folder() -> Path:
    """`$BALLAST_HOME`, or the folder where this platform keeps the data of programs."""
    chosen = os.environ.get("BALLAST_HOME")
    if chosen:
        return Path(chosen)
    home = Path.home()
    match sys.platform:
        case "darwin":
            base = home / "Library" / "Application Support"
        case "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
        case _:
            base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "ballast"
