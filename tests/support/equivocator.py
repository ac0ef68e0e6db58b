"""A validator that equivocates: `ballast`, but each notarization is followed by one of another block.

The guard is not asked and the journal not told: this is what a forger of one's own votes would do.
"""

from __future__ import annotations

import sys
from typing import Any

from node.cli.main import run
from node.consensus.messages import AnyMessage, Voted
from node.consensus.shell import Shell
from runtime.crypto.hashing import blake2b_256
from runtime.simplex import Kind, Vote

honest: Any = Shell._broadcast  # pyright: ignore[reportPrivateUsage]


async def broadcast(shell: Any, message: AnyMessage) -> None:
    """Say what is to be said, and contradict it."""
    await honest(shell, message)
    if isinstance(message, Voted) and message.vote.statement.kind == Kind.Notarize:
        statement = message.vote.statement
        other = statement.replace(block=blake2b_256(statement.block))
        await honest(shell, Voted(Vote(other, message.vote.signer, shell._signer.sign(other))))


if __name__ == "__main__":
    Shell._broadcast = broadcast  # type: ignore[method-assign, assignment] # pyright: ignore[reportPrivateUsage]
    sys.exit(run(sys.argv[1:]))
