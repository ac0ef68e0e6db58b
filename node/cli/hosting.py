"""Hosting a node from the command line: its folder, its database, its runtime, the file that says it is
ready.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from node.chain.chain import OtherRuntime, WrongGenesis
from node.cli.faults import Fault, first_of
from node.cli.places import data_folder
from node.config import NodeConfig
from node.node import Node
from node.runtimes.change import become, successor
from node.runtimes.store import RuntimeDamaged, Store

log = logging.getLogger(__name__)

TEMPORARY: Final = "BALLAST_TMP"
"""The environment variable by which a process that changes its runtime hands its temporary folder to itself:
its number and the folder.
"""


@contextmanager
def opened(config: NodeConfig) -> Generator[Node]:
    """The node, whose database is released at the end. Raises Fault, OtherRuntime, and what else `Node.open`
    raises.
    """
    try:
        node = Node.open(config)
    except WrongGenesis as wrong:
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
def following_the_code(base_path: Path) -> Generator[None]:
    """Go on with the runtime that the chain goes on with, when that is another one: the body raises
    OtherRuntime, having released all that it held, and this process becomes one that runs it. Raises Fault
    where it is not held.
    """
    try:
        yield
    except (OtherRuntime, BaseExceptionGroup) as error:
        wanted = first_of(error, (OtherRuntime,))
        if not isinstance(wanted, OtherRuntime):
            raise
        try:
            held = successor(Store(base_path), wanted)
        except (OtherRuntime, RuntimeDamaged) as missing:
            raise Fault(str(missing)) from None
        log.info("going on with runtime 0x%s, version %d", held.hash.hex(), held.manifest.spec_version)
        become(held)


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
    if not tmp:
        yield chosen or data_folder()
        return
    number, _, handed = os.environ.get(TEMPORARY, "").partition(":")
    folder = Path(handed if number == str(os.getpid()) else tempfile.mkdtemp(prefix="ballast-"))
    os.environ[TEMPORARY] = f"{os.getpid()}:{folder}"
    try:
        yield folder
    finally:
        del os.environ[TEMPORARY]
        shutil.rmtree(folder, ignore_errors=True)
