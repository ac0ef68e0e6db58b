"""What the author of a development chain gives to the runtime with each block."""

from __future__ import annotations

from node.chain.chain import Position
from runtime.runtime import Runtime
from runtime.types.digest import DigestItem


def author_logs(runtime: Runtime, parent: Position) -> tuple[DigestItem, ...]:
    """The pre-runtime digest items of the block after `parent`."""
    return ()
