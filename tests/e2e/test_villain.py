"""An equivocating validator, a process among honest ones, loses stake and seat; nobody else does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import trio

from genesis.presets.local import BOND, local
from genesis.spec import ChainSpec
from node.cli.remote import local_runtime
from node.client import ChainClient, connect
from node.localnet.network import running
from node.localnet.plan import NetworkPlan, NodePlan, Reach, directly, plan_network
from node.telemetry.logging import Level
from pallets.authorities import Authorities
from pallets.offences import Offences
from pallets.staking import Staking
from runtime.crypto.derive import dev_public

VILLAIN = "dave"
SCRIPT = Path(__file__).resolve().parents[1] / "support" / "equivocator.py"
HONEST = tuple(dev_public(f"//{name}", "sr25519") for name in ("Alice", "Bob", "Charlie"))
DAVE = dev_public("//Dave", "sr25519")
SECONDS_MAX = 150
EPOCH = 50


class WithVillain(NetworkPlan):
    """A plan in which one node runs the villain's program."""

    def command(
        self, node: NodePlan, ready_file: Path, *, log: Level = "info", reach: Reach = directly
    ) -> list[str]:
        command = super().command(node, ready_file, log=log, reach=reach)
        assert command[:4] == [sys.executable, "-P", "-m", "node"]
        return [sys.executable, "-P", str(SCRIPT), *command[4:]] if node.name == VILLAIN else command


async def verdict(chain: ChainClient, pallets: Sequence[Any]) -> dict[str, Any]:
    """What the chain says of its validators, at its last final block."""
    authorities, staking, offences = pallets
    at = await chain.finalized_hash()
    height = (await chain.header(at)).number
    return await chain.view(
        lambda: {
            "height": height,
            "committee": [each.account for each in authorities.committee.validators],
            "stakes": {who: staking.stakes[who].active for who in (*HONEST, DAVE)},
            "slashed": staking.slashed,
            "settled": offences.settled.total,
            "offences": offences.next_id,
        },
        at,
    )


def pallets_of(spec: ChainSpec) -> tuple[Any, list[Any]]:
    runtime = local_runtime(spec)
    wanted = (Authorities, Staking, Offences)
    return runtime, [next(p for p in runtime.pallets.values() if isinstance(p, kind)) for kind in wanted]


async def test_it_is_slashed_within_two_epochs_and_no_honest_one_is(tmp_path: Path) -> None:
    plan = plan_network(tmp_path / "net", local, validators=4)
    plan = WithVillain(folder=plan.folder, spec=plan.spec, nodes=plan.nodes)
    runtime, pallets = pallets_of(plan.spec)
    with trio.fail_after(SECONDS_MAX):
        async with running(plan) as network:
            ready = await network.begin_all()
            async with connect(ready["alice"].ws) as client:
                chain = await ChainClient.open(client, runtime)
                while (found := await verdict(chain, pallets))["height"] <= EPOCH:
                    await trio.sleep(1)
                # Four validators, one offender: min(1, (3 / 4)^2) of its stake, rounded up.
                lost = -(-BOND * 9 // 16)
                assert found["slashed"] == found["settled"] == lost
                assert found["offences"] == 1
                assert found["stakes"] == {**dict.fromkeys(HONEST, BOND), DAVE: BOND - lost}
                assert sorted(found["committee"]) == sorted(HONEST)
                # Three of the four go on.
                while (await verdict(chain, pallets))["height"] < EPOCH + 10:
                    await trio.sleep(1)
