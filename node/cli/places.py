"""Places: where a chain's data lies unless told otherwise, and which chain is meant."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from cyclopts import Parameter

DEFAULT_CHAIN: Final = "dev"
DEFAULT_RPC: Final = "ws://127.0.0.1:9944"

ChainName: TypeAlias = Annotated[
    str, Parameter(name="--chain", help="The chain: the name of a preset, or the file of a chain spec.")
]
"""The option that says which chain."""
RpcUrl: TypeAlias = Annotated[
    str, Parameter(name="--rpc", env_var="BALLAST_RPC", help="The WebSocket address of the node to ask.")
]
"""The option that says which node."""


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
