"""Another implementation reads what validators put on chain: keys, the committee, evidence, events."""

from __future__ import annotations

from typing import Any

from pallets.authorities import Authorities
from pallets.offences import Offences
from pallets.system import System
from runtime.crypto import ss58
from runtime.frame import RuntimeCall
from runtime.simplex import ConflictingVotes, Kind, Statement, Vote, message
from support.coin import ALICE
from support.oracle import Oracle
from support.validators import BOND, VALIDATORS, ValidatorChain, signer


def oracle_of(chain: ValidatorChain) -> Oracle:
    metadata = chain.runtime.metadata.encode(14)
    assert metadata is not None
    return Oracle(metadata)


def hexed(raw: bytes) -> str:
    return "0x" + raw.hex()


def test_it_writes_the_bytes_of_our_registration() -> None:
    chain = ValidatorChain()
    own = signer("4")
    proof = own.proof(ALICE, chain.genesis_hash)
    ours = chain.host.codec(RuntimeCall).encode(chain[Authorities].set_keys.call(own.keys, proof))
    arguments: dict[str, Any] = {
        "keys": {"bls": hexed(own.keys.bls), "network": hexed(own.keys.network)},
        "proof": {"possession": hexed(proof.possession), "network": hexed(proof.network)},
    }
    assert oracle_of(chain).encode_call("Authorities", "set_keys", arguments) == ours


def test_it_reads_the_committee() -> None:
    chain = ValidatorChain()
    oracle = oracle_of(chain)
    raw = chain.state.get(chain[Authorities].__dict__["committee"].key)
    assert raw is not None
    read = oracle.decode(oracle.storage_type("Authorities", "Committee"), raw)
    assert read["epoch"] == 0
    assert read["validators"][3] == {
        "account": ss58.encode(VALIDATORS[3], 42),
        "bls": hexed(signer("3").keys.bls),
        "network": hexed(signer("3").keys.network),
        "weight": BOND,
    }


def test_it_reads_evidence_and_what_came_of_it() -> None:
    chain = ValidatorChain()
    oracle = oracle_of(chain)
    first, second = (Statement(Kind.Notarize, 0, 3, 2, bytes([block]) * 32) for block in (1, 2))
    votes = [
        Vote(each, 1, signer("1").bls.sign(message(chain.genesis_hash, each))) for each in (first, second)
    ]
    chain.submit_unsigned(
        chain[Offences].report.call(ConflictingVotes(chain.committee, votes[0], votes[1]), ALICE)
    )
    raw = chain.builder.extrinsics[-1]
    call = oracle.decode("Extrinsic", raw)["call"]
    assert (call["call_module"], call["call_function"]) == ("Offences", "report")
    brought, reporter = (each["value"] for each in call["call_args"])
    assert reporter == ss58.encode(ALICE, 42)
    ((kind, said),) = brought.items()
    assert kind == "ConflictingVotes"
    assert said["first"]["statement"] == {
        "kind": "Notarize",
        "epoch": 0,
        "view": 3,
        "parent_view": 2,
        "block": hexed(b"\1" * 32),
    }
    chain.next_block()
    events = chain.state.get(chain[System].__dict__["events"].key)
    assert events is not None
    records = oracle.decode(oracle.storage_type("System", "Events"), events)
    (reported,) = [each for each in records if each["event_id"] == "Reported"]
    assert reported["attributes"] == {
        "id": 0,
        "offender": ss58.encode(VALIDATORS[1], 42),
        "fault": "ConflictingNotarize",
        "epoch": 0,
        "reporter": ss58.encode(ALICE, 42),
        "due": 19,
    }
