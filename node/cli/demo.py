"""`ballast demo`: the main job from end to end, by real processes on a fresh chain that seals fast.

A node, an agent with five providers, and this process in the part of everybody else. Each step says what it
does in words that need no glossary; the end is a table in which every figure was reached in two ways.
"""

from __future__ import annotations

import json as jsons
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import trio
from cyclopts import App, Parameter

from genesis.coin import COIN
from genesis.presets.dev import provider_uris
from node.chain.sealing import SECONDS_MAX as BLOCK_SECONDS_MAX
from node.chain.sealing import SECONDS_MIN as BLOCK_SECONDS_MIN
from node.cli import coverage
from node.cli.agents import agent_command, child
from node.cli.amounts import Coin as Words
from node.cli.faults import Fault, Refused, expected
from node.cli.figures import ratio
from node.cli.output import Json, columns, print_json, say
from node.cli.places import DEFAULT_CHAIN
from node.cli.redeem import describe_quote, plain_result, silent, summary, write_down
from node.cli.remote import reach
from node.cli.stop import until_told
from node.provider.audit import Check
from node.provider.coin import NoCoin
from node.provider.consumer import RedemptionFailed
from node.provider.jobs.spec import CHECKPOINTS
from node.provider.quote import NotServed
from node.provider.shelf import Shelf, ShelfError
from node.provider.story import Story, StoryBroken
from node.wallet.signer import Keypair
from runtime.types.fixed import PPB

SECONDS_MAX: Final = 175.0
"""When the story is not over by then, it has failed."""
READY_SECONDS_MAX: Final = 60.0
BLOCK_SECONDS: Final = 0.5
USER: Final = "//Demo//User"
LOG_LINES: Final = 12
"""How much of a process's log is shown when it ends too soon."""

app = App(
    name="demo",
    help_epilogue="""Examples:
  ballast demo
  ballast demo --seconds-per-block 1 --json""",
)


@app.default
async def demo(
    *,
    seconds_per_block: Annotated[
        float, Parameter(help="How fast the chain seals; below 0.3 a slow machine misses deadlines.")
    ] = BLOCK_SECONDS,
    json: Json = False,
) -> int:
    """Prove capacity, mint, sell, redeem for a training, verify the receipt, burn; and add everything up."""
    if not BLOCK_SECONDS_MIN <= seconds_per_block <= BLOCK_SECONDS_MAX:
        raise Fault(f"--seconds-per-block is from {BLOCK_SECONDS_MIN} to {BLOCK_SECONDS_MAX:g}")
    started = trio.current_time()
    report: dict[str, Any] = {}
    with (
        expected(NoCoin, ShelfError, refused=(StoryBroken, NotServed, RedemptionFailed, coverage.NoCoverage)),
        tempfile.TemporaryDirectory(prefix="ballast-demo-", ignore_cleanup_errors=True) as place,
    ):
        async with until_told():
            try:
                with trio.fail_after(SECONDS_MAX):
                    report = await _tell(Path(place), seconds_per_block, silent if json else say)
            except trio.TooSlowError:
                raise Refused(f"the demo was not over after {SECONDS_MAX:g} s") from None
    if not report:
        return 1  # it was told to stop
    report["seconds"] = round(trio.current_time() - started, 1)
    wrong = [check["what"] for check in report["checks"] if not check["holds"]]
    if json:
        print_json(report)
    else:
        say(f"Done in {report['seconds']:g} s.")
    if wrong:
        raise Refused(f"these figures do not add up: {'; '.join(wrong)}")
    return 0


async def _tell(place: Path, seconds: float, tell: Callable[[str], None]) -> dict[str, Any]:
    """Run the processes and the story; what happened, as plain values."""

    def step(text: str) -> None:
        tell("")
        tell(text)

    def note(text: str) -> None:
        tell(f"   {text}")

    shelf = Shelf(place / "jobs")
    tell(f"1  A fresh chain, a block every {seconds:g} s")
    async with _node(place, seconds) as ready, reach(str(ready["ws"]), DEFAULT_CHAIN) as remote:
        chain, words = remote.chain, remote.words.coin
        minter, user = Keypair.from_suri(provider_uris()[0]), Keypair.from_suri(USER)
        story = Story(chain, minter, user, shelf, note)
        note(f"genesis {ready['genesisHash']}")
        first, before = await _coverage(story)
        _show_coverage(before, words, note)

        step("2  Five providers prove that their hardware is there, by multiplying matrices when asked to")
        async with _agent(place, str(ready["ws"])):
            window = await story.prove()
            note(f"window {window} is passed by all: {before['effective'] // COIN:,} SCU-h are real")

            step(f"3  One of them, {remote.words.address(minter.public)}, mints coins against its capacity")
            minted, fee = await story.mint()
            note(f"{words.words(minted)} minted as its debt; {words.words(fee)} of it are the reserve's fee")
            note("the rest vests, a part with each window passed: waiting for the next")
            freed = await story.vest()

            step("4  What is vested is sold")
            await story.sell(freed)
            note(f"{words.words(freed)} go to the user {remote.words.address(user.public)}")

            step("5  The user redeems coins: a network is to be trained to read handwritten digits")
            offer = await story.quote()
            for line in describe_quote(offer, words):
                note(line)
            redeemed = await story.redeem(offer)
            note(summary(redeemed, words))

            step("6  Anybody can check the receipt: one checkpoint is run again, in a process of its own")
            receipt, _ = write_down(redeemed, shelf, place)
            again = 1 + redeemed.verdict.segment % CHECKPOINTS
            verified = await _verify(receipt, shelf, again)
            note(f"segment {again}/{CHECKPOINTS} run again: {verified['finding']}")

            step("7  The coins are burned, and the server's debt with them")
            last, after = await _coverage(story)
            _show_coverage(after, words, note)
            checks = [
                *await story.check(first, last, freed, redeemed),
                Check("receipt: one segment run again", "match", verified["finding"]),
                *(check for each in (before, after) for check in _coverage_checks(each)),
            ]
    step("Every figure, reached in two ways")
    for line in _table(checks, words):
        note(line)
    return {
        "genesisHash": ready["genesisHash"],
        "secondsPerBlock": seconds,
        "blocks": [first, last],
        "window": window,
        "minted": minted,
        "mintFee": fee,
        "sold": freed,
        "redemption": plain_result(redeemed),
        "verified": verified,
        "coverage": {"before": before, "after": after},
        "checks": [{**asdict(check), "holds": check.holds} for check in checks],
        "ok": all(check.holds for check in checks),
    }


# Processes.


@asynccontextmanager
async def _node(place: Path, seconds: float) -> AsyncGenerator[dict[str, Any]]:
    """A development node; what its ready file says."""
    ready_file = place / "ready.json"
    command = [
        *(sys.executable, "-P", "-m", "node", "dev", "--no-agent", "--archive", "--with-parent"),
        *("--base-path", str(place / "node"), "--rpc-port", "0", "--ready-file", str(ready_file)),
        *("--seal", str(seconds), "--log", "warning"),
    ]
    async with _kept(command, "the node", place / "node.log"):
        with trio.fail_after(READY_SECONDS_MAX):
            while not ready_file.exists():  # noqa: ASYNC110 - another process tells by a file
                await trio.sleep(0.05)
        found: dict[str, Any] = jsons.loads(await trio.Path(ready_file).read_text(encoding="utf-8"))
        yield found


@asynccontextmanager
async def _agent(place: Path, url: str) -> AsyncGenerator[None]:
    """The agent of the five providers."""
    command = agent_command(url, DEFAULT_CHAIN, place / "provider", "--jobs-dir", str(place / "jobs"))
    async with _kept(command, "the agent", place / "agent.log"):
        yield


@asynccontextmanager
async def _kept(command: list[str], name: str, log: Path) -> AsyncGenerator[None]:
    """A process that must not end before the block does. Raises `StoryBroken`, with the last it said."""

    async def watch(process: trio.Process) -> None:
        status = await process.wait()
        text = await trio.Path(log).read_text(encoding="utf-8", errors="replace")
        said = text.splitlines()[-LOG_LINES:]
        raise StoryBroken(f"{name} ended with status {status}: {' | '.join(said)}")

    with log.open("wb") as sink:
        async with (
            child(command, stdout=sink, stderr=subprocess.STDOUT) as process,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(watch, process)
            yield
            nursery.cancel_scope.cancel()


async def _verify(receipt: Path, shelf: Shelf, segment: int) -> dict[str, Any]:
    """What `ballast receipt verify` says."""
    options = ("--segment", str(segment), "--jobs-dir", str(shelf.folder), "--json")
    command = [sys.executable, "-P", "-m", "node", "receipt", "verify", str(receipt), *options]
    done = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
    if done.returncode:
        raise StoryBroken(done.stderr.decode(errors="replace").strip())
    found: dict[str, Any] = jsons.loads(done.stdout)
    return found


# Figures.


async def _coverage(story: Story) -> tuple[int, dict[str, Any]]:
    """The height of the last final block, and the coverage figures of its header."""
    found = await coverage.ask(story.chain, story.coin, await story.chain.finalized_hash())
    return found["block"], found


def _show_coverage(found: dict[str, Any], words: Words, note: Callable[[str], None]) -> None:
    note(
        f"block {found['block']}: {words.words(found['supply'])}, and {found['effective'] // COIN:,} SCU-h "
        f"behind them: coverage {ratio(found['ratioPpb'])}, {found['mode']}"
    )


def _coverage_checks(found: dict[str, Any]) -> list[Check]:
    """What follows from the other figures of a header."""
    block, supply = found["block"], found["supply"]
    return [
        Check(
            f"coverage of block {block}: E / S, in ppb",
            f"{found['effective'] * PPB // supply:,}",
            f"{found['ratioPpb']:,}",
        ),
        Check(f"mode of block {block}", "Green", found["mode"]),
    ]


def _table(checks: list[Check], words: Words) -> list[str]:
    rows = [
        ("ok" if check.holds else "WRONG", check.what, _cell(check.told, words), _cell(check.found, words))
        for check in checks
    ]
    return columns([("", "Figure", "By what happened", "By what is there"), *rows])


def _cell(value: object, words: Words) -> str:
    """A figure in the table: amounts as coins, hashes shortened."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return words.words(value)
        case str() if value.startswith("0x"):
            return value[:18]
        case _:
            return str(value)
