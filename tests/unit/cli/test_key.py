"""`ballast key`: well-known keys, round trips, and refusals that quote no secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.cli import ballast, refusal

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "development_accounts.json"
ALICE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
ALICE_PUBLIC = "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"
ALICE_ED = "5FA9nQDVg267DEd8m1ZypXLBnvN7SFxYwV7ndqSYGiN9TTpu"


def test_alice_in_both_kinds() -> None:
    keys = ballast("key", "derive", "//Alice", "--json").json["keys"]
    assert [(each["kind"], each["address"]) for each in keys] == [("sr25519", ALICE), ("ed25519", ALICE_ED)]


def test_one_kind_and_another_network() -> None:
    ended = ballast("key", "derive", "//Alice", "--kind", "sr25519", "--prefix", "0")
    assert ended.out == f"sr25519  15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5  {ALICE_PUBLIC}\n"


def test_a_secret_may_come_by_standard_input() -> None:
    assert (
        ballast("key", "derive", "-", "--json", stdin="//Alice\n").json
        == ballast("key", "derive", "//Alice", "--json").json
    )


def test_a_new_phrase_gives_the_keys_that_it_shows() -> None:
    made: dict[str, Any] = ballast("key", "generate", "--words", "24", "--json").json
    assert len(made["phrase"].split()) == 24
    assert ballast("key", "derive", made["phrase"], "--json").json == {"keys": made["keys"]}
    assert ballast("key", "generate", "--json").json["phrase"] != made["phrase"]


@pytest.mark.parametrize(
    "what", [ALICE, ALICE_PUBLIC, "//Alice", "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5"]
)
def test_inspect_finds_the_account_behind_each_form(what: str) -> None:
    found = ballast("key", "inspect", what, "--prefix", "42", "--json").json
    assert (found["publicKey"], found["address"], found["prefix"]) == (ALICE_PUBLIC, ALICE, 42)


def test_inspect_keeps_an_addresss_own_network() -> None:
    ended = ballast("key", "inspect", "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5")
    assert (
        ended.out
        == f"Public key {ALICE_PUBLIC}\nAddress 15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5\nNetwork 0\n"
    )


@pytest.mark.parametrize(
    ("suri", "why"),
    [
        ("one two three", "a phrase has 12, 15, 18, 21 or 24 words, not 3"),
        ("0x12//Alice", "a seed is written as 0x and 64 hexadecimal digits"),
        ("//Alice/soft", "junction 2 is soft, and ed25519 keys have hard junctions (//) only"),
    ],
)
def test_a_refused_secret_is_not_quoted(suri: str, why: str) -> None:
    assert refusal("key", "derive", suri, "--kind", "ed25519", status=2) == why


def test_an_empty_secret() -> None:
    assert refusal("key", "derive", "", status=2) == "the secret is empty"


def test_nothing_on_standard_input() -> None:
    assert refusal("key", "derive", "-", status=2) == "standard input holds no secret"


def test_a_network_that_is_none() -> None:
    said = refusal("key", "derive", "//Alice", "--prefix", "46", status=2)
    assert said == "the SS58 prefix 46 is reserved"


def test_a_mistyped_address() -> None:
    wrong = ALICE[:-1] + "Z"
    said = refusal("key", "inspect", wrong, status=2)
    assert said.startswith(f"'{wrong}' is not an SS58 address: the checksum is ")
    assert said.endswith("accounts are addresses, 0x hex, or names such as //Alice")


def test_the_development_accounts_of_the_vectors() -> None:
    for account in json.loads(VECTORS.read_text())["accounts"]:
        keys = ballast("key", "derive", account["uri"], "--json").json["keys"]
        assert {each["kind"]: each["address"] for each in keys} == {
            kind: account[kind] for kind in ("sr25519", "ed25519")
        }
