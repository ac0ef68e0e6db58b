"""`ballast torture`: a network of real processes comes through the worst, and what it must not do is seen."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest
import trio

from genesis.presets.local import local
from node.client import connect
from node.localnet.load import ACCOUNTS, Load
from node.localnet.network import running
from node.localnet.plan import plan_network
from node.localnet.roads import laid
from node.localnet.torture import Outcome, Torture
from support.cli import refusal
from support.localnet import READY_SECONDS_MAX, STOP_SECONDS_MAX
from support.processes import COMMAND, ROOT

SEED = 10
"""With which the first three cycles are a partition, a full disk, and the death of all at once."""
CYCLES = 3
SECONDS_MAX = 400
FIGURES = ["cycles", "finalized_lost", "equivocations", "restart_to_vote_s_max", "tps"]


def test_a_network_comes_through_a_partition_a_full_disk_and_the_death_of_all(tmp_path: Path) -> None:
    options = ("--cycles", str(CYCLES), "--seed", str(SEED), "--base-path", str(tmp_path), "--json")
    done = subprocess.run(
        [*COMMAND, "torture", *options],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert list(figures) == FIGURES
    assert (figures["cycles"], figures["finalized_lost"], figures["equivocations"]) == (CYCLES, 0, 0)
    assert figures["restart_to_vote_s_max"] > 0 and figures["tps"] > 1
    cut, full, dead = done.stderr.splitlines()
    assert cut.startswith("cycle 1 of 3: ") and " cut off by " in cut
    assert full.startswith("cycle 2 of 3: ") and " stopped at a full disk, and voted " in full
    assert dead.startswith("cycle 3 of 3: all were killed, and all voted ")


FINAL_SECONDS_MAX = 60
LATE_SECONDS = 3.0
"""So long after the others that they have agreed on blocks by then."""


async def forget(torture: Torture) -> str:
    """All validators lose everything, once something was final, and begin the chain anew."""
    with trio.fail_after(FINAL_SECONDS_MAX):
        while torture.seen < 1:
            await trio.sleep(0.1)
    async with trio.open_nursery() as nursery:
        for process in torture.network.processes.values():
            nursery.start_soon(process.kill)
    for node in torture.network.plan.nodes:
        shutil.rmtree(node.folder)
    await torture.network.begin_all()
    return "all was forgotten"


async def test_a_network_that_loses_what_was_final_is_found_out(tmp_path: Path) -> None:
    plan = plan_network(tmp_path, partial(local, 4, ACCOUNTS), validators=4)
    told: list[str] = []
    async with laid(plan) as roads, running(plan, reach=roads.reach) as network:
        load = Load(plan.spec, plan.validators, 20)
        outcome = await Torture(network, roads, load, 1, told.append, faults=(forget,)).run(5)
    assert told == []
    assert (outcome.cycles, outcome.tps) == (0, 0.0)
    assert outcome.finalized_lost > 0
    assert outcome.failure is not None
    assert outcome.failure.startswith(
        "cycle 1 of seed 1 failed: what was told to be final is not so on every node: #"
    )


async def test_a_node_that_ends_by_itself_is_found_out(tmp_path: Path) -> None:
    """Without its port the node cannot come back; it says why, and so does the torture."""
    plan = plan_network(tmp_path, partial(local, 4, ACCOUNTS), validators=4)

    async def usurp(torture: Torture) -> str:
        (process,) = [each for name, each in torture.network.processes.items() if name == "bob"]
        await process.kill()
        bob = torture.network.node("bob")
        async with trio.open_nursery() as nursery:
            listeners = await trio.open_tcp_listeners(bob.rpc_port, host="127.0.0.1")
            await nursery.start(trio.serve_listeners, trio.aclose_forcefully, listeners)
            await (await torture.network.begin(bob)).wait()
            nursery.cancel_scope.cancel()
        return "a port was taken"

    async with laid(plan) as roads, running(plan, reach=roads.reach) as network:
        load = Load(plan.spec, plan.validators, 20)
        outcome = await Torture(network, roads, load, 1, print, faults=(usurp,)).run(1)
    assert outcome.failure == (
        "cycle 1 of seed 1 failed: bob ended with status 2; the last it said: ballast: cannot listen on "
        f"127.0.0.1:{plan.nodes[1].rpc_port}: the port is taken; choose another with --rpc-port"
    )


async def test_the_first_fault_waits_until_a_late_validator_has_voted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose key never signed listens first, once the others have begun: that is no coming back."""
    plan = plan_network(tmp_path, partial(local, 4, ACCOUNTS), validators=4)
    found: list[bool] = []

    async def look(torture: Torture) -> str:
        async with connect(plan.validators[3].ws) as client:
            found.append(bool((await client.call("simplex_status"))["votes"]))
        return "nothing was done"

    async with laid(plan) as roads, running(plan, reach=roads.reach) as network:
        begin_all = network.begin_all

        async def one_late() -> None:
            await begin_all(plan.validators[:3])
            await trio.sleep(LATE_SECONDS)
            await begin_all(plan.validators[3:])

        monkeypatch.setattr(network, "begin_all", one_late)
        load = Load(plan.spec, plan.validators, 20)
        outcome = await Torture(network, roads, load, 1, print, faults=(look,)).run(1)
    assert (outcome.failure, outcome.cycles, found) == (None, 1, [True])
    assert outcome.restart_to_vote_s_max == 0, "nobody was started again"


def test_it_stops_when_told_to_and_nothing_of_it_goes_on(tmp_path: Path) -> None:
    with (tmp_path / "err").open("wb") as err:
        process = subprocess.Popen(
            [*COMMAND, "torture", "--cycles", "100", "--base-path", str(tmp_path / "net")],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=err,
        )
    log, deadline = tmp_path / "net" / "alice.log", time.monotonic() + READY_SECONDS_MAX
    while not (log.exists() and "READY" in log.read_text()):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(STOP_SECONDS_MAX) == 1
    said = (tmp_path / "err").read_text()
    assert said == f"ballast: it was told to stop; the nodes' logs are in {tmp_path / 'net'}\n"
    listing = ["ps", "-ax", "-o", "command"]
    processes = subprocess.run(listing, capture_output=True, text=True, check=True).stdout
    assert " ".join(listing) in processes, "whole commands are listed"
    assert str(tmp_path) not in processes


def test_what_cannot_be_tortured(tmp_path: Path) -> None:
    said = refusal("torture", "--validators", "3", status=2)
    assert said.endswith("Must be >= 4. (--help explains)"), said
    (tmp_path / "file").write_text("")
    said = refusal("torture", "--base-path", str(tmp_path / "file"), status=2)
    assert said == f"the network cannot be kept in {tmp_path / 'file'}: File exists"


def test_the_figures_have_the_names_that_scripts_know() -> None:
    outcome = Outcome(cycles=2, finalized_lost=1, equivocations=3, restart_to_vote_s_max=1.2345, tps=99.99)
    assert list(outcome.figures.items()) == list(zip(FIGURES, (2, 1, 3, 1.23, 100.0), strict=True))
