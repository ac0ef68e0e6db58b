"""The presets with validators: their keys are what their secrets derive, their committees what is elected."""

from __future__ import annotations

from itertools import pairwise

import pytest

from genesis.build import build_genesis
from genesis.presets import PRESETS
from genesis.presets.dev import dev_names
from genesis.presets.dev_validators import DEV_KEYS
from genesis.presets.local import VALIDATORS_MAX, local
from genesis.seats import Timing
from genesis.spec import ChainSpec
from node.cli.remote import local_runtime
from node.wallet.bls import BlsKeypair
from node.wallet.signer import Keypair
from pallets.authorities import Authorities
from pallets.authorities.proof import check, message
from pallets.authorities.types import Keys, KeysProof
from pallets.solvency import Solvency
from pallets.staking import Staking
from pallets.staking.election import weights_of
from runtime.api import blocks_per_epoch, committee_after
from runtime.frame import Pallet
from runtime.frame.coin import Mode
from runtime.runtime import Runtime
from runtime.simplex import Committee
from runtime.state import MemoryStates
from runtime.state.backend import State


def built(spec: ChainSpec) -> tuple[Runtime, State]:
    runtime = local_runtime(spec)
    return runtime, build_genesis(runtime, spec.genesis, MemoryStates().head).state


def seat(runtime: Runtime, state: State, kind: type[Pallet]) -> Pallet:
    """A pallet of the runtime, which answers over `state`."""
    runtime.over(state)
    (found,) = [each for each in runtime.pallets.values() if isinstance(each, kind)]
    return found


def first_committee(runtime: Runtime, state: State) -> Committee:
    found = committee_after(runtime, state)
    assert found is not None
    return found


@pytest.mark.parametrize("uri", list(DEV_KEYS))
def test_the_keys_of_development_validators_are_what_their_secrets_derive(uri: str) -> None:
    known = DEV_KEYS[uri]
    bls, node, account = (
        BlsKeypair.from_suri(uri),
        Keypair.from_suri(uri, "ed25519"),
        Keypair.from_suri(uri, "sr25519").public,
    )
    keys = Keys(bls.public, node.public)
    assert known == (
        bls.public.hex(),
        bls.pop_prove().hex(),
        node.sign(message(bytes(32), account, keys)).hex(),
    )
    check(bytes(32), account, keys, KeysProof(bytes.fromhex(known.possession), bytes.fromhex(known.network)))


def test_every_early_development_account_has_keys() -> None:
    assert list(DEV_KEYS) == [f"//{name}" for name in dev_names(VALIDATORS_MAX)]
    with pytest.raises(ValueError, match=f"^there are keys for 1 to {VALIDATORS_MAX} development validators"):
        local(VALIDATORS_MAX + 1)


@pytest.mark.parametrize("count", [1, 4, 10, 16])
def test_a_local_network_begins_with_the_committee_that_is_elected(count: int) -> None:
    runtime, state = built(local(count))
    committee = first_committee(runtime, state)
    assert {each.account for each in committee.validators} == {
        Keypair.from_suri(f"//{name}").public for name in dev_names(count)
    }
    staking = seat(runtime, state, Staking)
    assert isinstance(staking, Staking)
    elected = staking.elect(lambda _: True)
    assert elected == tuple((each.account, each.weight) for each in committee.validators)
    assert blocks_per_epoch(runtime, state) == 50
    for hook in runtime.parts.hooks["try_state"]:
        hook.run()


def test_the_timing_of_a_local_network_can_be_another() -> None:
    runtime, state = built(local(2, timing=Timing(blocks_per_hour=10, blocks_per_epoch=7)))
    assert blocks_per_epoch(runtime, state) == 7


def test_the_test_network_has_ten_equals_nobody_at_the_root_and_sound_coins() -> None:
    spec = PRESETS["testnet"]()
    runtime, state = built(spec)
    committee = first_committee(runtime, state)
    weights = [each.weight for each in committee.validators]
    assert weights == list(weights_of(weights)) and len(weights) == 10
    assert all(10 * weight <= committee.total for weight in weights)
    assert [each.account for each in committee.validators] == sorted(
        each.account for each in committee.validators
    )
    assert "Sudo" not in runtime.pallets
    solvency = seat(runtime, state, Solvency)
    assert isinstance(solvency, Solvency)
    assert solvency.coverage.mode == Mode.Green and solvency.coverage.margin > 0


def test_chains_of_validators_say_so_and_the_development_chain_does_not() -> None:
    runtime, state = built(local())
    assert isinstance(seat(runtime, state, Authorities), Authorities)
    hashes = {first_committee(*built(spec)).root for spec in (local(), local(5), PRESETS["testnet"]())}
    assert len(hashes) == 3
    assert all(one != two for one, two in pairwise(sorted(hashes)))
