"""`ballast bench network`: what a network does under load, each figure within its bounds."""

from __future__ import annotations

import json

from support.cli import refusal
from support.processes import ballast_process

SECONDS = 8
RATE = 60
BLOCK_MS = 500
"""The chain's own least time between two blocks."""


def test_the_figures_of_a_network_under_load() -> None:
    options = ("--seconds", str(SECONDS), "--rate", str(RATE), "--json")
    done = ballast_process("bench", "network", *options)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["validators"], figures["rate"]) == (4, RATE)
    assert SECONDS <= figures["seconds"] < SECONDS + 5
    assert 0 < figures["tps"] <= RATE * 1.5
    assert 0 < figures["finality_ms_median"] <= figures["finality_ms_p99"]
    assert figures["block_ms_median"] >= BLOCK_MS
    assert 2 <= figures["blocks"] <= figures["seconds"] * 1000 / BLOCK_MS + 1
    assert list(figures["cpu"]) == ["alice", "bob", "charlie", "dave"]
    for cpu in figures["cpu"].values():
        assert 0 < cpu["agreement"] < cpu["all"] < 2
        assert cpu["agreement_ms_per_block"] > 0
        assert abs(sum(cpu["rooms"].values()) - cpu["all"]) < 0.01
        assert {"consensus", "network", "rpc"} <= cpu["rooms"].keys()


def test_what_cannot_be_measured() -> None:
    assert refusal("bench", "network", "--rate", "0", status=2) == "--rate 0 is outside [1, 2000]"
    assert refusal("bench", "network", "--validators", "17", status=2) == "--validators 17 is outside [1, 16]"
    assert refusal("bench", "network", "--dir", "/nowhere", status=2) == "/nowhere is no folder"
