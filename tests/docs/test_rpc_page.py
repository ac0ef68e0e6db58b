"""The page of the RPC port names every method that a node answers, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from node.rpc.methods import registry

PAGE = Path(__file__).resolve().parents[2] / "node" / "rpc" / "README.md"
NAME = re.compile(r"`((?:[a-z]+(?:Head|Spec|Watch)?(?:_v1)?|account|subscribe|unsubscribe)_[a-zA-Z]+)")


def test_every_method_is_on_the_page() -> None:
    methods = set(registry(development=True))
    named = {name for name in NAME.findall(PAGE.read_text(encoding="utf-8")) if name != "rpc_methods"}
    assert named == methods
