"""A chain that others have: 130 blocks of seven epochs, some of them final through a later one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.chain.chain import Chain
from node.sync import state as state_module
from node.sync import state_server as server_module
from support import rota

HEIGHT = 130


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    chain = rota.open_chain(tmp_path_factory.mktemp("source"))
    rota.grow(chain, 90, every=3)
    rota.grow(chain, HEIGHT - 90, every=7, transfers=3)
    assert chain.finalized.header.number == HEIGHT
    yield chain
    chain.close()


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    """A node that has nothing yet."""
    made = rota.open_chain(tmp_path / "node")
    yield made
    made.close()


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a state has many of them."""
    for module in (state_module, server_module):
        monkeypatch.setattr(module, "PAGE_BYTES", 4_000)
