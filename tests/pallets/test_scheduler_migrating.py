"""The scheduler while the storage of a new runtime is being migrated: tasks wait as transactions do."""

from __future__ import annotations

from governance.scheduler import Scheduler
from governance.scheduler import types as t
from runtime.frame import StorageValue, migration
from runtime.scale import U32, Ok
from runtime.testing import TestChain
from runtime.types.limits import MIGRATION_MAX
from support import diary
from support.diary import NAME, diary_chain, left_behind, root, told, write

BLOCKS = 3
"""How many blocks the migration takes."""


class Diary(diary.Diary):
    """The next version, which rules its pages, some in each block."""

    storage_version = 1
    ruled = StorageValue[U32](default=0)

    @migration(to=1, step=MIGRATION_MAX)
    def rule(self, cursor: bytes) -> bytes | None:
        self.ruled += 1
        return None if self.ruled == BLOCKS else bytes(self.ruled)


def migrating_chain() -> tuple[TestChain, int]:
    """A chain with a task in each of the next three blocks, and the first of these, in which the migration
    has begun.
    """
    chain = diary_chain()
    root(chain, write(chain, 0))  # a pallet that stores nothing has nothing to migrate
    scheduler, first = chain[Scheduler], chain.number + 1
    root(chain, scheduler.schedule_named.call(NAME, first, (2, 3), 1, write(chain, 1)))
    root(chain, scheduler.schedule.call(first + 1, None, 1, write(chain, 2)))
    root(chain, scheduler.schedule.call(first + 2, None, 1, write(chain, 3)))
    chain.upgrade(Diary)
    return chain, first


def test_no_task_runs_before_storage_is_as_its_pallet_expects_it() -> None:
    chain, first = migrating_chain()
    for block in range(first, first + BLOCKS - 1):
        assert chain.number == block
        assert told(chain) == [t.AgendaIncomplete(first)]
        assert left_behind(chain[Scheduler]) == first
        assert len(chain[Diary].lines) == 1
        chain.try_state()
        chain.next_block()


def test_what_has_waited_runs_in_its_order_in_the_block_that_ends_the_migration() -> None:
    chain, first = migrating_chain()
    last = first + BLOCKS - 1
    chain.run_to(last)
    assert chain[Diary].lines[1:] == ((last, 1), (last, 2), (last, 3))
    assert told(chain) == [
        t.Dispatched((first, 0), NAME, Ok(())),
        t.Scheduled(last + 2, 0),
        t.Dispatched((first + 1, 0), None, Ok(())),
        t.Dispatched((first + 2, 0), None, Ok(())),
    ]
    assert left_behind(chain[Scheduler]) is None
    chain.try_state()
    chain.run_to(last + 4)
    assert chain[Diary].lines[4:] == ((last + 2, 1), (last + 4, 1)), "periods count from when it ran"
