"""What every test shares: one hypothesis profile, without deadlines, since machines differ in speed; and who
may run beside whom where several processes share the tests.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TESTS: Final = Path(__file__).parent
WITH_PROCESSES: Final = ("docs", "e2e", "interop", "simulation", "unit/localnet", "unit/network")
"""Folders whose tests start nodes, and look for free ports: they run one after the other."""

# Behind `nohup ... &` it is ignored, also by what the tests start, and some of that they interrupt.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("ballast", deadline=None, print_blob=True)
settings.load_profile("ballast")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The long forms of tests that are short in CI."""
    parser.addoption("--kills", type=int, default=5, help="How often tests/e2e/test_kill.py kills the node.")
    parser.addoption("--vopr-seeds", type=int, default=200, help="Seeds of tests/simulation's tier one.")
    parser.addoption(
        "--fuzz-seconds", type=float, default=0.0, help="How long tests/fuzz stays with each target."
    )
    parser.addoption(
        "--every-bit", action="store_true", help="Turn each bit of tests/e2e/test_net.py's light proof."
    )
    parser.addoption(
        "--voted",
        action="store_true",
        help="Have holders decide on the network's upgrade of tests/e2e/test_upgrade.py.",
    )


class OneRoomForNodes(LoadScopeScheduling):
    """Gives tests to processes by the file, for the sake of what they share; all that start nodes to one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0].removeprefix(f"{TESTS.name}/")
        return "nodes" if file.startswith(tuple(f"{each}/" for each in WITH_PROCESSES)) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneRoomForNodes:
    """Who runs where, when several processes share the tests. pytest-xdist's own groups
    (`--dist loadgroup`) change nothing under pytest 9.2.
    """
    return OneRoomForNodes(config, log)
