"""The root of the command line: which commands there are, and how a command that failed ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Final, NoReturn

from cyclopts import App, CycloptsError

from node.cli.faults import INTERRUPTED, USAGE, Fault, first_of, one_line
from runtime.scale.errors import abridged

COMMANDS: Final = {
    "dev": "Run a development chain on this machine.",
    "run": "Run a node of a chain with validators.",
    "net": "Run a whole network on this machine.",
    "key": "Make, keep, derive and inspect keys and addresses.",
    "account": "Show what accounts own.",
    "tx": "Send a transaction and wait until it is final.",
    "query": "Read the chain's storage.",
    "block": "Show a block, decoded.",
    "provider": "Run a provider's agent; show what the chain knows of providers.",
    "ticket": "Show where redemptions stand.",
    "standard": "Show what an hour of compute is, and was.",
    "issuer": "Show whose debt each coin is, and what became of it.",
    "redeem": "Exchange coins for work: training, fine-tuning, inference.",
    "receipt": "Check a receipt by running a part of the work again.",
    "light": "Prove what the chain's storage holds, and verify such proofs.",
    "coverage": "Show what stands behind the coin.",
    "gov": "Propose changes and vote on them; see what they would do.",
    "param": "Show what may be changed, and what was.",
    "demo": "The main job from end to end, on a chain of its own.",
    "state": "Compute state roots.",
    "pallet": "List the chain's pallets, or begin a new one.",
    "upgrade": "Hold the next runtime, compare it, rehearse its migrations.",
    "chain": "Print, check and make chain specifications.",
    "torture": "Kill and starve the nodes of a network, and see that nothing final is lost.",
    "vopr": "Simulate networks that fail, and see that the agreement holds.",
    "simulate": "Let economies live in fast time on the real runtime, and see that the coin holds.",
    "bench": "Measure what the chain's work costs on this machine.",
}
"""Every command and what it is for: NOUN is the `app` of `node/cli/NOUN.py`, imported when it is called."""

REFUSAL_END_MAX: Final = 1_000
"""Characters of each end of a refusal, whatever it quotes."""


def build() -> App:
    """The command line, none of its commands imported yet."""
    app = App(
        name="ballast",
        help="Ballast: a chain for a coin that stands on AI compute.",
        help_format="plaintext",
        version=lambda: version("ballast-chain"),
        backend="trio",
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    for place, (noun, purpose) in enumerate(COMMANDS.items()):
        app.command(f"node.cli.{noun}:app", name=noun, help=purpose, sort_key=place)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name. Its status: 0, 1 refused by the chain, 2 wrongly asked."""
    if sys.flags.optimize > 1:
        return _fail("start Python without -OO: docstrings are part of the chain's metadata", USAGE)
    try:
        status = build()(list(arguments), exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except CycloptsError as error:
        return _fail(f"{one_line(error)} (--help explains)", USAGE)
    except Fault as fault:
        return _fail(str(fault), fault.status)
    except (KeyboardInterrupt, BrokenPipeError, BaseExceptionGroup) as error:
        if first_of(error, (KeyboardInterrupt,)):
            return INTERRUPTED
        if first_of(error, (BrokenPipeError,)):
            # Nobody reads any more. What is still buffered goes nowhere, instead of failing again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        raise
    return status if isinstance(status, int) else 0


def _fail(message: str, status: int) -> int:
    """One line, of bounded length, that no quoted text can use to steer a terminal."""
    text = abridged(message, REFUSAL_END_MAX)
    plain = "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
    print(f"ballast: {plain}", file=sys.stderr, flush=True)
    return status


def main() -> NoReturn:
    """The console script."""
    sys.exit(run(sys.argv[1:]))
