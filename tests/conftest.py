"""What every test shares: one hypothesis profile, without deadlines, since machines differ in speed."""

from __future__ import annotations

import pytest
from hypothesis import settings

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
