"""Hosting a node from the command line: its folder, its database, the file that says it is ready."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from node.chain.chain import OtherRuntime, WrongGenesis
from node.cli.faults import Fault
from node.cli.places import data_folder
from node.config import NodeConfig
from node.node import Node


@contextmanager
def opened(config: NodeConfig) -> Generator[Node]:
    """The node, whose database is released at the end. Raises Fault, and what `Node.open` raises."""
    try:
        node = Node.open(config)
    except (OtherRuntime, WrongGenesis) as wrong:
        raise Fault(f"{wrong}; --tmp gives a fresh chain") from None
    except OSError as error:
        raise Fault(f"the data cannot be kept in {config.database_path}: {error.strerror}") from None
    try:
        yield node
    except BaseException:
        # What failed may be the database; then closing it can only fail again, and says less.
        with suppress(Exception):
            node.close()
        raise
    node.close()


@contextmanager
def kept_ready_file(path: Path | None) -> Generator[None]:
    """See to it that the ready file is there only while calls are answered. Raises Fault."""
    if path is None:
        yield
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
    except OSError as error:
        raise Fault(f"the ready file cannot be written to {path}: {error.strerror}") from None
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def base_folder(chosen: Path | None, tmp: bool) -> Generator[Path]:
    """The folder of a node's data: the chosen one, a temporary one, or the user's own. Raises Fault."""
    if tmp and chosen is not None:
        raise Fault("--tmp and --base-path exclude each other")
    if tmp:
        with tempfile.TemporaryDirectory(prefix="ballast-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    else:
        yield chosen or data_folder()
