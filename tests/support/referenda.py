"""Referenda without the pallets around them: an agenda as small as one likes, a shelf for preimages, holders
whose votes a test says, a board to write on; and a chain with all of it.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from governance.origins import Origins
from governance.referenda import Referenda
from governance.referenda import status as s
from governance.referenda import types as t
from governance.tally import EMPTY
from governance.tracks import BY_ID, COIN
from pallets.balances import Balances
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.crypto.hashing import blake2b_256
from runtime.frame import (
    Call,
    Error,
    NoError,
    NoEvent,
    Origin,
    Other,
    Pallet,
    Root,
    RuntimeCall,
    RuntimeOrigin,
    Signed,
    StorageMap,
    StorageValue,
    call,
    hookimpl,
    invariant,
)
from runtime.frame.coin import Mode
from runtime.frame.governance import (
    INLINE_MAX,
    BoundedCall,
    Inline,
    Legacy,
    Lookup,
    Outlook,
    PollIndex,
    Polls,
    Tally,
    TaskName,
)
from runtime.runtime import Runtime
from runtime.scale import U8, U32, DecodeError, Max, Struct
from runtime.testing import TestChain
from runtime.types import AccountId, BlockNumber, Hash, Weight, db

ALICE, BOB, CAROL, POT = (bytes([n]) * 32 for n in (1, 2, 3, 9))
RICH: Final = 100_000 * COIN
ALL: Final = 1_000 * COIN
"""All coins that may vote."""
PASSING: Final = Tally(ayes=ALL, nays=0, support=ALL)
FAILING: Final = Tally(ayes=0, nays=ALL, support=0)


class AgendaConfig(Struct):
    """How much the agenda holds."""

    tasks_max: U32


class Task(Struct):
    """What runs in a block."""

    name: TaskName
    priority: U8
    origin: RuntimeOrigin
    call: BoundedCall


Tasks = Annotated[tuple[Task, ...], Max(1_024)]


class AgendaFull(Other):
    """The block has no room for one more task."""


class Agenda(Pallet[NoEvent, NoError]):
    """The least that a scheduler is: `runtime.frame.governance.Schedule`."""

    config: AgendaConfig
    tasks = StorageMap[BlockNumber, Tasks](default=())
    lookup = StorageMap[TaskName, BlockNumber]()

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight | None:
        for task in sorted(self.tasks[now], key=lambda task: task.priority):
            if self.lookup.get(task.name) != now:
                continue  # what ran before has moved it, or cancelled it
            self._take(task.name)
            assert isinstance(task.call, Inline)
            self.host.try_dispatch(self.host.codec(RuntimeCall).decode(task.call.data), task.origin)
        return None

    def plan(self, name: bytes, when: BlockNumber, priority: int, origin: Origin, call: BoundedCall) -> None:
        assert name not in self.lookup and when > self.host.number
        self._put(when, Task(name, priority, origin, call))

    def unplan(self, name: bytes) -> None:
        self._take(name)

    def replan(self, name: bytes, when: BlockNumber) -> None:
        assert when > self.host.number
        self._put(when, self._take(name))

    def planned_for(self, name: bytes) -> BlockNumber | None:
        return self.lookup.get(name)

    def _put(self, when: BlockNumber, task: Task) -> None:
        if len(self.tasks[when]) >= self.config.tasks_max:
            raise AgendaFull
        self.tasks[when] = (*self.tasks[when], task)
        self.lookup[task.name] = when

    def _take(self, name: bytes) -> Task:
        when = self.lookup.pop(name)
        (task,) = (each for each in self.tasks[when] if each.name == name)
        left = tuple(each for each in self.tasks[when] if each.name != name)
        if left:
            self.tasks[when] = left
        else:
            self.tasks.discard(when)
        return task


class NoPreimage(Other):
    """Nobody noted it."""


class NoCall(Other):
    """It is no call of this runtime."""


class Shelf(Pallet[NoEvent, NoError]):
    """The least that keeps preimages: `runtime.frame.governance.Preimages`."""

    texts = StorageMap[Hash, bytes]()
    wanted = StorageMap[Hash, U32](default=0)

    @call(index=0, weight=db(writes=1))
    def note(self, origin: Root, text: bytes) -> None:
        """Keep an encoding."""
        self.texts[blake2b_256(text)] = text

    def bound(self, call: Call) -> BoundedCall:
        data = self.host.codec(RuntimeCall).encode(call)
        assert len(data) <= INLINE_MAX
        return Inline(data)

    def have(self, bounded: BoundedCall) -> bool:
        return self._text(bounded) is not None

    def peek(self, bounded: BoundedCall) -> Call:
        text = self._text(bounded)
        if text is None:
            raise NoPreimage
        try:
            found: Call = self.host.codec(RuntimeCall).decode(text)
        except DecodeError:
            raise NoCall from None
        return found

    def request(self, bounded: BoundedCall) -> None:
        if isinstance(bounded, Lookup):
            self.wanted[bounded.hash] += 1

    def drop(self, bounded: BoundedCall) -> None:
        if isinstance(bounded, Lookup):
            self.wanted[bounded.hash] -= 1

    def _text(self, bounded: BoundedCall) -> bytes | None:
        if isinstance(bounded, Inline):
            return bounded.data
        assert isinstance(bounded, (Legacy, Lookup))
        found = self.texts.get(bounded.hash)
        is_other = found is not None and isinstance(bounded, Lookup) and len(found) != bounded.len
        return None if is_other else found


class Holders(Pallet[NoEvent, NoError]):
    """Votes as a test says them: `runtime.frame.governance.Electorate`."""

    polls: Polls

    @call(index=0, weight=db(reads=1, writes=1))
    def say(self, origin: Root, poll: PollIndex, tally: Tally) -> None:
        """Let the votes on a referendum be these."""
        self.polls.set_tally(poll, tally)

    def empty(self) -> Tally:
        return EMPTY

    def turnout_max(self) -> int:
        return ALL


class BoardError(Error):
    """Why the board refuses."""


class Illegible(BoardError, index=0):
    """Nobody could read that."""


class Board(Pallet[NoEvent, BoardError]):
    """Something to decide about; it keeps who wrote on it, as the book of parameters does."""

    text = StorageValue[U32](default=0)
    writer = StorageValue[U32](default=0)
    wrote_by = StorageValue[U32](default=0)

    @call(index=0, weight=db(reads=1, writes=2))
    def write(self, origin: Origin, text: U32) -> None:
        """Write a number that is not 13."""
        self.text = text
        self.wrote_by = self.writer
        if text == 13:
            raise Illegible

    @call(index=1, weight=Weight(1_000_000_000_000, 0))
    def carve(self, origin: Root) -> None:
        """Work for half a block."""

    def begin_change(self, referendum: int | None) -> None:
        self.writer = 0 if referendum is None else referendum + 1


class Glass(Pallet[NoEvent, NoError]):
    """A coin whose figures are what stands on the board: `runtime.frame.governance.Outlooks`.

    100 and more is a worse mode, 50 makes a provider Deficient, 60 breaks an invariant; the headroom is the
    number itself, in hundredths of all coins.
    """

    board: Board

    def outlook(self) -> Outlook:
        text = self.board.text
        return Outlook(
            supply=ALL,
            effective=ALL,
            coverage_ppb=10**9,
            margin=0,
            wait_hours=0,
            headroom=text * ALL // 100,
            mode=Mode.Yellow if text >= 100 else Mode.Green,
            deficient=len(self.falling()),
        )

    def falling(self) -> tuple[AccountId, ...]:
        return (CAROL,) if self.board.text == 50 else ()

    @invariant("B1", "the board does not say 60")
    def says_no_60(self) -> str | None:
        return "it says 60" if self.board.text == 60 else None


REFERENDA_CONFIG: Final[dict[str, Any]] = {
    "blocks_per_hour": 1,
    "submission_deposit": 10 * COIN,
    "slash_account": "0x" + POT.hex(),
}


LOADED: Final[dict[object, Runtime]] = {}
"""Runtimes that are loaded already."""


class ReferendaChain(TestChain):
    """A block an hour; three people with coins. Chains of a kind take turns with one runtime."""

    __test__ = False

    def __init__(self, *more: type[Pallet[Any, Any]], tasks_max: int = 1_024) -> None:
        kind = (more, tasks_max)
        super().__init__(
            System,
            Timestamp,
            Balances,
            Agenda,
            Shelf,
            Holders,
            Board,
            Origins,
            Referenda,
            *more,
            config={
                "Balances": {"existential_deposit": COIN // 100, "dust_account": "0x" + POT.hex()},
                "Agenda": {"tasks_max": tasks_max},
                "Referenda": REFERENDA_CONFIG,
            },
            genesis={
                "Balances": {"balances": [["0x" + who.hex(), RICH] for who in (ALICE, BOB, CAROL, POT)]}
            },
            runtime=LOADED.get(kind),
        )
        LOADED[kind] = self.runtime
        self.referenda, self.board, self.shelf = self[Referenda], self[Board], self[Shelf]
        self.coins, self.agenda = self[Balances], self[Agenda]

    def by(self, who: bytes, call: Call) -> None:
        """Make a call that is signed."""
        self.dispatch(call, Signed(who))

    def root(self, call: Call) -> None:
        """Make a call as root."""
        self.dispatch(call, Root())

    def submit_one(
        self,
        origin: Origin,
        call: Call | None = None,
        *,
        when: s.DispatchTime | None = None,
        who: bytes = ALICE,
    ) -> int:
        """Propose a call, to write 7 on the board if none is given; the number of the referendum."""
        proposal = self.shelf.bound(self.board.write.call(7) if call is None else call)
        self.by(who, self.referenda.submit.call(origin, proposal, when or s.After(0)))
        return self.referenda.referendum_count - 1

    def place(self, index: int, who: bytes = BOB) -> None:
        """Place the decision deposit."""
        self.by(who, self.referenda.place_decision_deposit.call(index))

    def say(self, index: int, tally: Tally) -> None:
        """Let the votes be these."""
        self.root(self[Holders].say.call(index, tally))

    def decided(self, origin: Origin, call: Call | None = None) -> int:
        """A referendum of which the decision begins in the block that is open then."""
        index = self.submit_one(origin, call)
        self.place(index)
        self.run_to(self.number + BY_ID[self.status(index).track].prepare_hours)
        assert self.status(index).deciding == s.DecidingStatus(self.number)
        return index

    def approved(self, origin: Origin, call: Call | None = None) -> int:
        """A referendum that is approved in the block that is open then."""
        index = self.decided(origin, call)
        self.say(index, PASSING)
        self.run_to(self.number + 1 + BY_ID[self.status(index).track].confirm_hours)
        assert isinstance(self.info(index), s.Approved)
        return index

    def status(self, index: int) -> s.ReferendumStatus:
        """A referendum that goes on."""
        info = self.referenda.referendum_info_for[index]
        assert isinstance(info, s.Ongoing), info
        return info.status

    def info(self, index: int) -> s.ReferendumInfo:
        """A referendum."""
        return self.referenda.referendum_info_for[index]

    def fate(self, index: int) -> t.Fate:
        """What became of what was proposed."""
        return self.referenda.records[index].fate
