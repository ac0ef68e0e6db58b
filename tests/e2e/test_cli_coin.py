"""What commands tell of the coin, against a real node: the chain's own answers, for people and programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from genesis.presets.dev import provider_uris
from genesis.spec import ChainSpec
from node.cli.remote import local_runtime
from node.client import CannotConnect
from runtime.runtime import Runtime
from support.cli import ballast, refusal
from support.devnode import dev_node

BOB = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
COIN = 10**9
JOB = "0x" + "aa" * 32
ONE = provider_uris()[0]
GONE = "ticket 999 is not open, and its receipt is not kept"
LOADED: dict[int, Runtime] = {}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A development node that seals a block for each transaction, and has no agent."""
    with dev_node(tmp_path_factory.mktemp("node"), "--seal", "instant") as node:
        yield node.url


@pytest.fixture(autouse=True)
def _asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask that node, and load the runtime once."""
    monkeypatch.setenv("BALLAST_RPC", url)
    monkeypatch.setattr("node.cli.remote.local_runtime", _runtime)


def _runtime(spec: ChainSpec) -> Runtime:
    version = spec.runtime.spec_version
    if version not in LOADED:
        LOADED[version] = local_runtime(spec)
    return LOADED[version]


def show(*arguments: str) -> Any:
    return ballast(*arguments, "--json").json


def send(call: str, *arguments: str, signer: str) -> dict[str, Any]:
    sent: dict[str, Any] = show("tx", call, *arguments, "--from", signer)
    assert sent["succeeded"], sent
    return sent


def redeem(amount: str, *, class_floor: int = 0, region: int = 0) -> int:
    """Bob redeems coins; the number of the ticket."""
    wishes = (f"class_floor={class_floor}", f"region={region}", f"job={JOB}", 'service="Train"')
    sent = send("Redemption.redeem", f"amount={amount}", *wishes, signer="//Bob")
    (redeemed,) = [each["Redemption.Redeemed"] for each in sent["events"] if "Redemption.Redeemed" in each]
    assert redeemed["tickets"] == 1
    return int(redeemed["first"])


def lines(*arguments: str) -> dict[str, str]:
    """What people read, by what stands at the left; the command succeeds."""
    ended = ballast(*arguments)
    assert (ended.status, ended.err) == (0, ""), ended
    pairs = [line.strip().split("  ", 1) for line in ended.out.splitlines()]
    return {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}


def test_coverage_is_the_sum_of_what_the_issuers_owe() -> None:
    send("System.remark", "remark=0x01", signer="//Alice")
    coverage, ledger = show("coverage"), show("issuer", "ledger")
    assert coverage["supply"] == ledger["supply"] == ledger["owed"] + ledger["orphaned"]
    assert ledger["owed"] == sum(each["owed"] for each in ledger["issuers"])
    providers = show("provider", "list")
    assert coverage["effective"] == sum(each["effective"] for each in providers)
    assert coverage["bonds"] == sum(each["bond"] for each in providers)
    assert show("coverage", "--at", str(coverage["block"])) == coverage
    read = lines("coverage")
    assert read["Mode"] == "Green"
    assert read["Coverage E / S"] == f"{coverage['ratioPpb'] // 10**7 / 100:.2f}"


def test_a_provider_from_the_list_to_its_units() -> None:
    listed = show("provider", "list")
    assert len(listed) == 5
    shown = show("provider", "show", ONE)
    assert {name: shown[name] for name in shown if name != "units"} == listed[0]
    assert shown["units"] == [{"unit": 0, "class": 1, "since": 0, "passed": 28, "isCounted": True}]
    assert (shown["state"], shown["tier"], shown["termHours"]) == ("Active", "Accountable", 720)
    assert shown["effective"] == 720 * shown["capacityPerHour"]
    assert shown["bond"] >= shown["bondNeeded"] > 0
    read = lines("provider", "show", ONE)
    assert read["Address"] == listed[0]["address"]
    assert read["Availability a"] == "93.58 %"  # 56 of 56: 56 / (56 + 3.841459)
    assert read["Unit 0"] == "class 1"
    heads, first, *_ = ballast("provider", "list").out.splitlines()
    assert heads.split("  ")[0] == "Address" and first.startswith(listed[0]["address"])


def test_a_new_unit_is_on_probation() -> None:
    who = provider_uris()[1]
    send("Providers.add_units", "units=[1]", signer=who)
    assert lines("provider", "show", who)["Unit 1"] == "class 1, on probation: 0 of 28 windows"
    found = show("provider", "show", who)
    assert (found["unitCount"], found["unitsCounted"]) == (2, 1)
    assert found["classes"] == [{"class": 1, "units": 2, "counted": 1}]


def test_a_legal_entity_stands_beside_the_address() -> None:
    who = provider_uris()[2]
    info = {
        "name": "0x" + "Rechenwerk\u202eAG".encode().hex(),
        "jurisdiction": "0x" + b"CH".hex(),
        "number": "0x" + b"CHE-100".hex(),
        "undertaking": "0x" + "11" * 32,
        "web": "0x",
    }
    send("Identity.set_identity", f"info={json.dumps(info)}", signer=who)
    name = "Rechenwerk\N{REPLACEMENT CHARACTER}AG"  # nothing that turns a terminal's line round
    entity = show("provider", "show", who)["entity"]
    assert entity == {
        "name": name,
        "jurisdiction": "CH",
        "number": "CHE-100",
        "web": "",
        "undertaking": "0x" + "11" * 32,
        "isVouched": False,
    }
    assert lines("provider", "show", who)["Name"] == f"{name} (CH CHE-100), nobody vouches for it"
    assert lines("issuer", "ledger", who)["Name"] == f"{name} (CH CHE-100)"
    assert show("issuer", "ledger", who)["entity"] == entity
    assert any(line.endswith(f"  {name}") for line in ballast("issuer", "ledger").out.splitlines())


def test_a_ticket_from_the_queue_to_its_server() -> None:
    number = redeem("5CPC")
    before = show("coverage")["block"]
    shown = show("ticket", "show", str(number))
    assert (shown["state"], shown["owner"], shown["amount"]) == ("Queued", BOB, 5 * COIN)
    assert (shown["ahead"], shown["server"], shown["deadline"]) == (0, None, None)
    assert before < shown["expectedAt"] < shown["latestAt"]
    read = lines("ticket", "show", str(number))
    assert (read["Ticket"], read["Coins in escrow"]) == (f"{number}, Queued", "5 CPC")
    assert (read["Wishes"], read["Before it"]) == ("none", "0 tickets")
    assert [each["ticket"] for each in show("ticket", "list", "--state", "queued")] == [number]
    send("System.remark", "remark=0x02", signer="//Alice")  # the next block draws a server
    matched = show("ticket", "show", str(number))
    assert (matched["state"], matched["standard"], matched["ahead"]) == ("Matched", 1, None)
    assert matched["server"] in {each["address"] for each in show("provider", "list")}
    assert number in [each["ticket"] for each in show("ticket", "list", "--server", matched["server"])]
    assert show("ticket", "list", "--owner", "//Alice") == []
    assert show("ticket", "list", "--state", "queued") == []
    assert sum(each["assigned"] for each in show("issuer", "ledger")["issuers"]) >= 5 * COIN
    assert show("ticket", "show", str(number), "--at", str(before)) == shown


def test_a_ticket_with_wishes_is_promised_nothing() -> None:
    number = redeem("2CPC", class_floor=1, region=2)
    read = lines("ticket", "show", str(number))
    assert read["Wishes"] == "class 1 or better, region 2"
    assert read["At the latest"].startswith("no promise")
    assert read["Expected"].startswith("block ")


def test_a_ticket_that_was_served_is_a_receipt() -> None:
    number = redeem("3CPC")
    send("System.remark", "remark=0x03", signer="//Alice")
    address = show("ticket", "show", str(number))["server"]
    (server,) = [uri for uri in provider_uris() if show("provider", "show", uri)["address"] == address]
    send("Redemption.accept", f"ticket={number}", signer=server)
    send("Redemption.begin", f"ticket={number}", signer="//Bob")
    send("Redemption.ready", f"ticket={number}", signer=server)
    send("Redemption.deliver", f"ticket={number}", "result=0x" + "bb" * 32, signer=server)
    owed = show("issuer", "ledger", server)
    assert lines("ticket", "show", str(number))["Result"] == "0x" + "bb" * 32
    send("Redemption.confirm", f"ticket={number}", signer="//Bob")
    shown = show("ticket", "show", str(number))
    assert (shown["state"], shown["amount"], shown["server"]) == ("Settled", 3 * COIN, address)
    assert lines("ticket", "show", str(number))["Coins burned"] == "3 CPC"
    after = show("issuer", "ledger", server)
    assert after["redeemed"] == owed["redeemed"] + 3 * COIN
    assert after["issued"] == after["owed"] + after["redeemed"]
    assert number not in [each["ticket"] for each in show("ticket", "list")]


def test_a_list_ends_at_its_limit_and_says_how_much_is_left() -> None:
    for _ in range(2):
        redeem("2CPC", region=3)
    found = show("ticket", "list")
    assert [each["ticket"] for each in found] == sorted(each["ticket"] for each in found)
    assert show("ticket", "list", "--limit", "1") == found[:1]
    last = ballast("ticket", "list", "--limit", "1").out.splitlines()[-1]
    assert last == f"... and {len(found) - 1} more: --limit shows more than 1"
    told = ballast("issuer", "ledger", "--limit", "2").out.splitlines()
    assert told[3] == "... and 3 more: --limit shows more than 2"
    assert told[4].startswith("All coins, ")


def test_the_standard_in_force_is_the_first_line() -> None:
    found = show("standard", "list")
    coverage = show("coverage")
    (first,) = found["standards"]
    assert (first["standard"], first["work"]) == (coverage["standard"], coverage["work"])
    assert (first["reason"], first["since"], found["lag"]) == ("First", 0, None)
    _, line = ballast("standard", "list").out.splitlines()
    assert line.split() == ["1", "0", "First", "-", f"{coverage['work']:,}"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (
            ("provider", "show", "//Bob"),
            "//Bob is no provider of this chain: `ballast provider list` names them",
        ),
        (
            ("issuer", "ledger", "//Bob"),
            "//Bob never issued a coin: `ballast issuer ledger` names who did",
        ),
        (
            ("ticket", "show", "999"),
            f"{GONE}: `ballast ticket list` names those that are open; --at looks at an earlier block",
        ),
        (("ticket", "list", "--at", "999999"), "the chain has no block 999999 yet"),
    ],
)
def test_what_is_not_there(arguments: tuple[str, ...], why: str) -> None:
    assert refusal(*arguments, status=2) == why


def test_no_node_is_said_in_one_line() -> None:
    said = refusal("issuer", "ledger", "--rpc", "ws://127.0.0.1:1", status=2)
    assert said == str(CannotConnect("ws://127.0.0.1:1", "Connection refused; is the node running?"))
