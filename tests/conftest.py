"""What every test shares: one hypothesis profile, without deadlines, since machines differ in speed; and who
may run beside whom where several processes share the tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

TESTS: Final = Path(__file__).parent
WITH_PROCESSES: Final = ("docs", "e2e", "interop", "simulation", "unit/localnet", "unit/network")
"""Folders whose tests start nodes, and look for free ports: they run one after the other."""

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one file run in one process, for the sake of what they share."""
    for item in items:
        file = item.path.relative_to(TESTS)
        folder = next((each for each in WITH_PROCESSES if file.is_relative_to(each)), None)
        item.add_marker(pytest.mark.xdist_group("nodes" if folder else str(file)))
