"""The test network: the rehearsal of a public one, made of the table `testnet.toml` beside this file."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from genesis.new import new_spec
from genesis.spec import ChainSpec
from genesis.table import read_table

TABLE: Final = "testnet.toml"


def testnet() -> ChainSpec:
    """The chain that `ballast chain new` makes of the table."""
    text = files("genesis.presets").joinpath(TABLE).read_text(encoding="utf-8")
    return new_spec(read_table(text, TABLE))
