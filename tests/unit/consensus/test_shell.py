"""The shell carries out what the machine asks, in an order that no crash can make a lie of."""

from __future__ import annotations

from random import Random

import pytest
import trio
from trio.testing import MockClock

from node.consensus.actions import Misdeed
from node.consensus.journal import JournalFailed
from node.consensus.messages import Message, Voted
from node.consensus.shell import VOTES, Shell
from runtime.scale import codec_of
from runtime.simplex import Kind, Statement, Vote
from support.committees import Signers
from support.shells import EPOCH_BLOCKS, ToySigner, Validator

NAMES = ("Alice", "Bob", "Charlie", "Dave")
MINUTE = 60


@pytest.fixture
def validators() -> list[Validator]:
    signers, shells = Signers(0, NAMES), dict[bytes, Shell]()
    return [Validator(signers, place, shells) for place in range(len(NAMES))]


async def until(validators: list[Validator], height: int) -> None:
    while any(each.world.head.number < height for each in validators):
        await trio.sleep(0.05)


def votes_of(validator: Validator) -> list[Vote]:
    """All that it told others of votes, in order."""
    said = [codec_of(Message).decode(data) for _, topic, data in validator.network.said if topic == VOTES]
    return [message.vote for message in said if isinstance(message, Voted)]


async def test_four_agree_through_epochs_and_say_nothing_that_is_not_durable(
    validators: list[Validator], autojump_clock: MockClock
) -> None:
    with trio.fail_after(MINUTE):
        async with trio.open_nursery() as nursery:
            for each in validators:
                await nursery.start(each.shell.run)
            await until(validators, 2 * EPOCH_BLOCKS + 2)
            nursery.cancel_scope.cancel()
    heights = min(each.world.head.number for each in validators)
    chains = {tuple(block for block, _ in each.world.final[: heights + 1]) for each in validators}
    assert len(chains) == 1
    for each in validators:
        assert each.network.said and each.network.said_early == 0
        assert each.network.misdeeds == [] and each.court.found == []
        assert each.shell.stats.epoch == 2 and each.shell.stats.finalizations >= 2 * EPOCH_BLOCKS


async def until_cut(validator: Validator, validators: list[Validator], random: Random) -> None:
    """Let a validator live for three blocks; then its power is cut, in the middle of whatever it does."""
    try:
        async with trio.open_nursery() as life:
            await life.start(validator.shell.run)
            await until(validators, validators[0].world.head.number + 3)
            validator.disk.crash(random)
            life.cancel_scope.cancel()
    except* JournalFailed:
        pass  # it was about to write


async def test_a_validator_that_lost_power_goes_on_and_contradicts_nothing_that_it_said(
    validators: list[Validator], autojump_clock: MockClock
) -> None:
    dave = validators[3]
    with trio.fail_after(5 * MINUTE):
        async with trio.open_nursery() as nursery:
            for each in validators[:3]:
                await nursery.start(each.shell.run)
            for seed in range(4):
                await until_cut(dave, validators, Random(seed))
                dave.open()
            await nursery.start(dave.shell.run)
            await until(validators, validators[0].world.head.number + 3)
            nursery.cancel_scope.cancel()
    said: dict[tuple[Kind, int, int], Statement] = {}
    for vote in votes_of(dave):
        place = vote.statement.kind, vote.statement.epoch, vote.statement.view
        assert said.setdefault(place, vote.statement) == vote.statement
    assert len(said) > 10
    assert all(each.court.found == [] for each in validators)


async def test_what_cannot_be_remembered_is_not_said_and_ends_the_shell(
    validators: list[Validator], autojump_clock: MockClock
) -> None:
    alice = validators[0]
    alice.disk.is_failing = True
    with pytest.RaisesGroup(JournalFailed, flatten_subgroups=True):
        with trio.fail_after(MINUTE):
            await alice.shell.run()
    assert not [topic for _, topic, _ in alice.network.said if topic == VOTES]


async def test_the_guard_has_the_last_word(
    validators: list[Validator], autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """What was signed elsewhere, and came with an imported history, is never contradicted."""
    dave = validators[3]
    elsewhere = Statement(Kind.Notarize, 0, 1, 0, b"\x01" * 32)
    dave.history.permit(elsewhere)
    with trio.fail_after(MINUTE):
        async with trio.open_nursery() as nursery:
            for each in validators:
                await nursery.start(each.shell.run)
            await until(validators, 3)
            nursery.cancel_scope.cancel()
    votes = [vote.statement for vote in votes_of(dave)]
    assert {vote.view for vote in votes if vote.kind == Kind.Notarize} >= {2, 3}
    assert not [vote for vote in votes if vote.kind == Kind.Notarize and vote.view == 1]
    (refusal,) = [record for record in caplog.records if record.message.startswith("not signed: ")]
    assert refusal.levelname == "ERROR"
    assert all(each.court.found == [] for each in validators)


@pytest.mark.parametrize("data", [b"", b"\xff", b"\x00\x01", b"\x01" + bytes(40)])
async def test_what_cannot_be_read_is_its_senders_misdeed(validators: list[Validator], data: bytes) -> None:
    alice, bob = validators[:2]
    await alice.shell.received(bob.peer, data)
    assert alice.network.misdeeds == [(bob.peer, Misdeed.Malformed)]


async def test_two_faces_are_reported(validators: list[Validator], autojump_clock: MockClock) -> None:
    alice, dave = validators[0], validators[3]
    statement = Statement(Kind.Finalize, 0, 5, 4, b"\x01" * 32)
    other = statement.replace(block=b"\x02" * 32)
    signer = ToySigner("Dave")
    with trio.fail_after(MINUTE):
        async with trio.open_nursery() as nursery:
            await nursery.start(alice.shell.run)
            for each in (statement, other):
                vote = Voted(Vote(each, 3, signer.sign(each)))
                await alice.shell.received(dave.peer, codec_of(Message).encode(vote))
            while not alice.court.found:
                await trio.sleep(0.05)
            nursery.cancel_scope.cancel()
    ((first, second),) = alice.court.found
    assert {first.statement, second.statement} == {statement, other}
    assert alice.shell.stats.reports == 1
