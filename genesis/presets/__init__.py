"""Ready-made chain specs, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from genesis.presets.dev import dev
from genesis.presets.local import local
from genesis.presets.testnet import testnet
from genesis.spec import ChainSpec

PRESETS: Final[Mapping[str, Callable[[], ChainSpec]]] = {"dev": dev, "local": local, "testnet": testnet}
"""A function for each preset, which gives its chain spec."""
