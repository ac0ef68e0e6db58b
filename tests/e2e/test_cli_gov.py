"""Holders govern a real node from the command line: a parameter moved by vote from the draft to its history,
votes split and lent and freed, forecasts, and refusals that say what to do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio

from genesis.presets.dev import dev, dev_address
from genesis.spec import ChainSpec, write_spec
from governance.tracks import TRACKS
from node.cli.remote import local_runtime
from node.client import RpcRefusal, connect
from runtime.runtime import Runtime
from support.cli import ballast, refusal
from support.devnode import dev_node

COIN = 10**9
ALICE, BOB, CHARLIE, DAVE = (dev_address(f"//{name}") for name in ("Alice", "Bob", "Charlie", "Dave"))
PATH = "Reserve.TargetPpb"
BEFORE, AFTER, LATER = 50_000_000, 60_000_000, 70_000_000
HOUR = 10
"""Blocks."""
SEASONING = 168 * HOUR
BLOCKS_AT_ONCE = 250
NOTHING, REMARK = "[]", '{"System.remark": {"remark": "0x01"}}'
"""What a batch may call that moves nothing."""
LOADED: dict[int, Runtime] = {}


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A development chain of four accounts, three of which may vote from the first block on."""
    spec = dev(accounts=4)
    enrolled = [[who, 1_500 * COIN] for who in (ALICE, BOB, CHARLIE)]
    genesis = {**spec.genesis, "ConvictionVoting": {"enrolled": enrolled}}
    file = tmp_path_factory.mktemp("chain") / "spec.json"
    file.write_text(json.dumps(write_spec(replace(spec, genesis=genesis))))
    return file


@pytest.fixture(scope="module")
def url(chain: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A node of that chain that seals a block for each transaction."""
    with dev_node(tmp_path_factory.mktemp("node"), "--chain", str(chain), "--seal", "instant") as node:
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


class Cli:
    """Commands about one chain."""

    def __init__(self, chain: Path, url: str) -> None:
        self.file = chain
        self._chain = ("--chain", str(chain))
        self.url = url

    def show(self, *arguments: str) -> Any:
        return ballast(*arguments, *self._chain, "--json").json

    def read(self, *arguments: str) -> str:
        """What people read; the command succeeds."""
        ended = ballast(*arguments, *self._chain)
        assert (ended.status, ended.err) == (0, ""), ended
        return ended.out

    def refusal(self, *arguments: str, status: int) -> str:
        return refusal(*arguments, *self._chain, status=status)

    def send(self, *arguments: str, signer: str) -> Any:
        sent = self.show(*arguments, "--from", signer)
        assert sent["succeeded"], sent
        return sent

    def propose(self, *arguments: str, signer: str) -> int:
        """The number of the referendum."""
        return int(self.send("gov", "propose", *arguments, signer=signer)["referendum"])

    def ask(self, method: str, *given: Any) -> Any:
        """What the node answers by itself."""

        async def call() -> Any:
            async with connect(self.url) as client:
                return await client.call(method, *given)

        return trio.run(call)

    def seal(self, count: int) -> None:
        """That many blocks."""
        trio.run(self._seal, count)

    async def _seal(self, count: int) -> None:
        async with connect(self.url) as client:
            for start in range(0, count, BLOCKS_AT_ONCE):
                await client.call("dev_seal", min(BLOCKS_AT_ONCE, count - start))

    def seal_to(self, block: int) -> None:
        """Up to and with a block."""
        self.seal(block - int(self.show("query", "System.Number")))


@pytest.fixture
def cli(chain: Path, url: str) -> Cli:
    return Cli(chain, url)


def blocks_of(shown: Any) -> dict[str, int]:
    """The timeline of `gov show`."""
    return {each["what"]: each["block"] for each in shown["timeline"]}


def test_a_list_without_entries_says_what_there_is_none_of(cli: Cli) -> None:
    assert cli.read("gov", "list").strip() == "no referendum goes on: `ballast gov propose` opens one"
    assert cli.read("gov", "list", "--state", "deciding").strip() == "no such referendum goes on"
    assert cli.read("gov", "history").strip() == "no referendum has ended"
    assert cli.read("gov", "history", "--track", "root").strip() == "no such referendum has ended"
    assert cli.read("param", "list", "--moved").strip() == "no parameter has ever moved"
    assert cli.read("param", "list", "--moved", "--topic", "fees").strip() == (
        "no parameter of fees has ever moved"
    )
    why = cli.refusal("param", "list", "--topic", "feees", status=2)
    assert why.startswith("no parameter is about 'feees'; the topics are: ") and "fees" in why


def test_a_parameter_is_moved_by_vote_and_its_history_tells_of_it(cli: Cli) -> None:
    rehearsed = cli.show("gov", "propose", "--param", f"{PATH}={AFTER}", "--dry-run", "--from", "//Alice")
    assert (rehearsed["track"], rehearsed["failure"]) == ("reserve_safer", None)
    assert rehearsed["look"]["refusal"] is None
    assert cli.show("gov", "list") == []
    number = cli.propose("--param", f"{PATH}={AFTER}", "--deposit", signer="//Alice")
    (listed,) = cli.show("gov", "list", "--mine", "//Bob")
    assert (listed["referendum"], listed["state"]) == (number, "preparing")
    assert listed["proposes"] == f"{PATH} 50,000,000 -> 60,000,000"

    cli.send("gov", "vote", str(number), "aye", "--coins", "1000", "--conviction", "2", signer="//Alice")
    cli.send("gov", "delegate", "reserve_safer", "//Alice", "--conviction", "1", signer="//Charlie")
    cli.send(
        "gov", "vote", str(number), "split", "--aye", "10", "--nay", "4", "--abstain", "1", signer="//Bob"
    )
    shown = cli.show("gov", "show", str(number), "--account", "//Charlie")
    assert shown["changes"] == [
        {"path": PATH, "doc": shown["changes"][0]["doc"], "proposed": AFTER, "now": BEFORE}
    ]
    assert shown["call"]["arguments"] == {"path": PATH, "value": AFTER}
    assert shown["looks"]["submission"]["before"] == shown["looks"]["submission"]["after"]
    # 1,000 at conviction 2, 1,500 that follow at 1, and a tenth of what is split.
    assert shown["tally"]["ayes"] == (2_000 + 1_500 + 1) * COIN
    assert shown["tally"]["support"] == (1_000 + 1_500 + 10 + 1) * COIN
    assert shown["coins"] == {"ayes": 2_510 * COIN, "nays": 4 * COIN, "abstained": COIN, "voters": 2}
    assert shown["needed"]["atTheEnd"]["isMet"] and not shown["needed"]["now"]["isMet"]
    assert (shown["account"]["delegate"], shown["account"]["address"]) == (ALICE, CHARLIE)
    assert cli.show("gov", "list", "--mine", "//Charlie") == []

    cli.seal_to(blocks_of(shown)["decision can begin"])
    shown = cli.show("gov", "show", str(number), "--account", "//Alice")
    assert (shown["state"], shown["account"]["locked"]) == ("deciding", 1_000 * COIN)
    foreseen = blocks_of(shown)
    assert shown["account"]["lockedUntil"] == shown["lockEnds"]["2"] == foreseen["approved"] + 2 * SEASONING
    cli.seal_to(foreseen["approved"] - 1)
    assert cli.show("gov", "show", str(number))["state"] == "confirming"
    cli.seal(1)
    shown = cli.show("gov", "show", str(number))
    assert shown["state"] == "approved"
    assert blocks_of(shown)["enacted"] == foreseen["enacted"] == foreseen["approved"] + 6 * HOUR
    cli.seal_to(foreseen["enacted"] - 1)
    assert cli.show("param", "show", PATH)["value"] == BEFORE
    cli.seal(1)

    shown = cli.show("gov", "show", str(number))
    assert shown["state"] == "enacted"
    assert (shown["changes"][0]["previous"], shown["changes"][0]["set"]) == (BEFORE, AFTER)
    assert f"{PATH}: 50,000,000 (5 %) -> 60,000,000 (6 %), previous -> set" in cli.read(
        "gov", "show", str(number)
    )
    (change,) = cli.show("param", "history", PATH)
    assert (change["block"], change["old"], change["new"]) == (foreseen["enacted"], BEFORE, AFTER)
    assert change["referendum"] == number
    assert [each["path"] for each in cli.show("param", "list", "--moved")] == [PATH]
    (ended,) = cli.show("gov", "history")
    assert (ended["referendum"], ended["state"]) == (number, "enacted")


def test_deposits_are_given_back_by_anybody_once(cli: Cli) -> None:
    shown, before = cli.show("gov", "show", "0"), cli.show("account", "//Alice")
    submission, decision = 10 * COIN, shown["decisionDeposit"]
    assert shown["refundable"] == submission + decision
    lines = cli.read("gov", "show", "0").splitlines()
    assert "Deposits    110 CPC can be given back: `ballast gov refund 0`" in lines
    sent = cli.send("gov", "refund", "0", signer="//Dave")
    assert sent["refunded"] == [
        {"deposit": "submission", "who": ALICE, "amount": submission},
        {"deposit": "decision", "who": ALICE, "amount": decision},
    ]
    after = cli.show("account", "//Alice")
    assert after["reserved"] == before["reserved"] - submission - decision
    assert after["free"] == before["free"] + submission + decision
    assert cli.show("gov", "show", "0")["refundable"] == 0
    said = cli.refusal("gov", "refund", "0", "--from", "//Dave", status=2)
    assert said == "no deposit of referendum 0 is left: they were given back"


def test_coins_are_freed_when_their_lock_was_said_to_end(cli: Cli) -> None:
    """Bob's split vote locks no longer than the referendum; Alice's won, and Charlie still lends."""
    said = cli.refusal("gov", "withdraw", "1500", "--from", "//Bob", status=1)
    assert said == (
        "1,500 CPC are enrolled, and 15 CPC of them are locked, of which `ballast gov unlock` frees 15 CPC"
    )
    cli.send("gov", "unlock", signer="//Bob")
    cli.send("gov", "withdraw", "100", signer="//Bob")
    said = cli.refusal("gov", "withdraw", "1500", "--from", "//Alice", status=1)
    ends = cli.show("gov", "show", "0")["lockEnds"]
    assert said.startswith(
        "1,500 CPC are enrolled, and 1,000 CPC of them are locked: "
        f"the next is over in block {ends['2']:,}, in "
    )
    sent = cli.send("gov", "undelegate", "all", signer="//Charlie")
    assert [each for each in sent["events"] if "ConvictionVoting.Undelegated" in each]
    assert cli.refusal("gov", "undelegate", "all", "--from", "//Charlie", status=2) == (
        "the account delegates on no track now"
    )
    cli.seal_to(sent["blockNumber"] + SEASONING - 2)
    assert cli.refusal("gov", "unlock", "--from", "//Charlie", status=2).startswith(
        f"no lock is over: the next is over in block {sent['blockNumber'] + SEASONING:,}, in "
    )
    cli.seal(2)
    cli.send("gov", "unlock", "--account", "//Charlie", signer="//Dave")
    cli.send("gov", "withdraw", "1", signer="//Charlie")


def test_coins_that_are_not_old_enough_are_told_until_when(cli: Cli) -> None:
    long = {"System.remark": {"remark": "0x" + "07" * 200}}
    number = cli.propose("Utility.batch", f"calls=[{json.dumps(long)}]", "--track", "root", signer="//Dave")
    said = cli.refusal("gov", "vote", str(number), "aye", "--from", "//Dave", status=1)
    assert said == (
        f"{DAVE} has 0 CPC that count: `ballast gov enroll` enrolls more, which count a week later"
    )
    sent = cli.send("gov", "enroll", "100", signer="//Dave")
    assert sent["countsFrom"] == sent["blockNumber"] + SEASONING
    said = cli.refusal("gov", "vote", str(number), "aye", "--coins", "50", "--from", "//Dave", status=1)
    has = f"{DAVE} has 0 CPC that count, and 50 CPC are named"
    assert said.startswith(f"{has}: 100 CPC count from block {sent['countsFrom']:,}, in ")
    shown = cli.show("gov", "show", str(number))
    assert (shown["state"], shown["refundable"]) == ("unpaid", 0)
    said = cli.refusal("gov", "refund", str(number), "--from", "//Alice", status=2)
    assert said == (
        f"referendum {number} goes on: deposits come back once it has ended, see `ballast gov show {number}`"
    )
    assert "Lookup" in shown["proposal"], "a long call is named by its hash"
    (inner,) = shown["call"]["calls"]
    assert (inner["call"], inner["arguments"]) == ("System.remark", long["System.remark"])
    cli.send("tx", "Sudo.sudo", f'call={{"Referenda.cancel": {{"index": {number}}}}}', signer="//Alice")
    (ended,) = cli.show("gov", "history", "--state", "cancelled")
    assert ended["referendum"] == number
    (back,) = cli.send("gov", "refund", str(number), signer="//Bob")["refunded"]
    assert (back["deposit"], back["who"]) == ("submission", DAVE)


def test_what_a_killed_referendum_had_put_up_does_not_come_back(cli: Cli) -> None:
    number = cli.propose("Utility.batch", f"calls={NOTHING}", "--track", "treasury", signer="//Dave")
    kill = {"Referenda.kill": {"index": number}}
    cli.send("tx", "Sudo.sudo", f"call={json.dumps(kill)}", signer="//Alice")
    said = cli.refusal("gov", "refund", str(number), "--from", "//Dave", status=2)
    assert said == f"referendum {number} was killed, and its deposits were slashed"


def test_several_referenda_are_voted_on_at_once_and_all_or_none(cli: Cli) -> None:
    first, second = (
        cli.propose("Utility.batch", f"calls={calls}", "--track", "treasury", signer="//Bob")
        for calls in (NOTHING, f"[{REMARK}]")
    )
    cli.send("gov", "vote", str(first), str(second), "nay", "--coins", "5", signer="//Bob")
    for each in (first, second):
        assert cli.show("gov", "show", str(each))["coins"]["nays"] == 5 * COIN
    assert [each["referendum"] for each in cli.show("gov", "list", "--track", "treasury")] == [first, second]
    assert cli.show("gov", "list", "--mine", "//Bob") == []
    assert [each["referendum"] for each in cli.show("gov", "list", "--mine", "//Alice")] == [first, second]
    said = cli.refusal("gov", "vote", str(first), "0", "aye", "--from", "//Bob", status=2)
    assert said == "referendum 0 has ended: `ballast gov show 0` tells how"
    assert cli.show("gov", "show", str(first))["coins"]["ayes"] == 0


def test_what_is_refused_at_its_enactment_is_told_with_the_reason(cli: Cli) -> None:
    number = cli.propose("--param", f"{PATH}={LATER}", "--deposit", signer="//Alice")
    for voter in ("//Alice", "//Charlie"):
        cli.send("gov", "vote", str(number), "aye", "--conviction", "6", signer=voter)
    cli.seal_to(blocks_of(cli.show("gov", "show", str(number)))["decision can begin"] + 1)
    root = {"Parameters.set_parameter": {"path": PATH, "value": LATER}}
    cli.send("tx", "Sudo.sudo", f"call={json.dumps(root)}", signer="//Alice")
    assert cli.show("param", "history", PATH)[0]["by"] == "Root, the key of a development chain"
    cli.seal_to(blocks_of(cli.show("gov", "show", str(number)))["enacted"])
    why = "the call is refused: Parameters.NothingMoves: The parameter has this value already."
    shown = cli.show("gov", "show", str(number))
    assert (shown["state"], shown["refusal"]) == ("refused", why)
    assert shown["looks"]["submission"]["refusal"] is shown["looks"]["decision"]["refusal"] is None
    assert shown["looks"]["enactment"]["why"] == why
    assert f"Refused     {why}" in cli.read("gov", "show", str(number)).splitlines()
    (ended,) = cli.show("gov", "history", "--state", "refused")
    assert (ended["referendum"], ended["refusal"]) == (number, why)


def test_what_could_not_be_carried_out_is_refused_before_it_is_sent(cli: Cli) -> None:
    taken = ("Balances.force_transfer", "source=//Bob", "dest=//Alice", "value=1000000CPC", "--track", "root")
    ended = ballast("gov", "propose", *taken, "--dry-run", "--from", "//Dave", "--chain", str(cli.file))
    assert ended.status == 1
    assert ended.err.startswith("ballast: the call is refused: Token.FundsUnavailable: ")
    assert "value 1,000,000 CPC" in ended.out
    before = cli.show("account", "//Dave")
    said = cli.refusal("gov", "propose", *taken, "--from", "//Dave", status=1)
    assert f"ballast: {said}\n" == ended.err
    assert cli.show("account", "//Dave") == before, "nothing was sent, and no fee paid"


def test_what_a_proposal_does_to_ones_own_coins(cli: Cli) -> None:
    number = cli.propose("Utility.batch", f"calls={NOTHING}", "--track", "treasury", signer="//Bob")
    plain = cli.show("gov", "what-if", str(number))
    assert (plain["positions"], plain["look"]["refusal"]) == (None, None)
    mine = cli.show("gov", "what-if", str(number), "--account", "//Charlie")
    assert mine["look"] == plain["look"]
    assert mine["positions"]["before"] == mine["positions"]["after"]
    account = cli.show("account", "//Charlie")
    assert mine["positions"]["before"]["total"] == account["free"] + account["reserved"]


@pytest.mark.parametrize("given", [(), ("run",), (None, CHARLIE), ("gone", BOB, 7)])
def test_a_node_tells_over_rpc_what_the_command_says(cli: Cli, given: tuple[Any, ...]) -> None:
    number = cli.propose("Utility.batch", f"calls={NOTHING}", "--track", "treasury", signer="//Bob")
    names = zip(("--scenario", "--account", "--seed"), given, strict=False)
    options = [str(each) for name, value in names if value is not None for each in (name, value)]
    assert cli.ask("gov_whatIf", number, *given) == cli.show("gov", "what-if", str(number), *options)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ((999,), "(4003): Client error: there is no referendum 999"),
        (
            (0, "panic"),
            (
                "(-32602): Invalid params: 'scenario' (position 2): "
                'expected "price" or "run" or "gone" or null, got "panic"'
            ),
        ),
        (
            (0, None, "Bob"),
            "(-32602): Invalid params: 'account' (position 3): expected an SS58 address or null, got \"Bob\"",
        ),
        ((0, None, None, -1), "(-32602): Invalid params: 'seed' (position 4): expected an integer from 0"),
    ],
)
def test_what_is_wrongly_asked_over_rpc(cli: Cli, given: tuple[Any, ...], why: str) -> None:
    with pytest.raises(RpcRefusal) as refused:
        cli.ask("gov_whatIf", *given)
    assert str(refused.value).startswith(f"gov_whatIf was refused {why}")


def test_one_forecast_is_made_at_a_time_and_the_node_goes_on(cli: Cli) -> None:
    number = cli.propose("Utility.batch", f"calls={NOTHING}", "--track", "treasury", signer="//Bob")
    refused: list[str] = []

    async def play(url: str) -> None:
        async with connect(url) as client:
            try:
                await client.call("gov_whatIf", number, "run")
            except RpcRefusal as refusal:
                refused.append(refusal.message)

    async def both() -> None:
        async with connect(cli.url) as client, trio.open_nursery() as nursery:
            nursery.start_soon(play, cli.url)
            nursery.start_soon(play, cli.url)
            await client.call("dev_seal", 1)

    trio.run(both)
    assert refused == [
        "Client error: a forecast is being made, and this node makes one at a time: ask again later"
    ]
    assert cli.ask("gov_whatIf", number)["referendum"] == number, "the next one has its turn"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("gov", "show", "999"), "there is no referendum 999: `ballast gov list` names those that go on"),
        (
            ("gov", "propose", "--from", "//Bob"),
            "propose a call, as Pallet.call NAME=VALUE, or parameters, as --param PATH=VALUE",
        ),
        (
            ("gov", "propose", "System.remark", "remark=0x01", "--from", "//Bob"),
            "say which track decides: --track root, or one that may do this",
        ),
        (
            ("gov", "propose", "--param", f"{PATH}={LATER}", "--from", "//Bob"),
            f"{PATH} is 70,000,000 already",
        ),
        (
            ("gov", "propose", "--param", f"{PATH}=1", "--from", "//Bob"),
            f"{PATH} stands between 30,000,000 and 200,000,000, and 1 is outside",
        ),
        (
            ("gov", "propose", "--param", "Reserve.Nothing=1", "--from", "//Bob"),
            "no pallet declares a parameter 'Reserve.Nothing': `ballast param list` names them",
        ),
        (
            ("gov", "delegate", "fees", "//Alice", "--from", "//Bob"),
            "no track is named 'fees'; there are: " + ", ".join(each.name for each in TRACKS),
        ),
        (("gov", "delegate", "all", "//Bob", "--from", "//Bob"), "an account cannot delegate to itself"),
        (
            ("param", "show", "Nothing"),
            "no pallet declares a parameter 'Nothing': `ballast param list` names them",
        ),
    ],
)
def test_what_is_wrongly_asked(cli: Cli, arguments: tuple[str, ...], why: str) -> None:
    assert cli.refusal(*arguments, status=2) == why
