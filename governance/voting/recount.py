"""The recount: everything that the books keep as a sum, counted again from what each account does."""

from __future__ import annotations

from governance.tally import EMPTY, NOBODY, Delegations, joined, plus
from governance.voting.books import Books
from governance.voting.roll import ENROLLED
from governance.voting.votes import CASTING, VOTES_MAX, Casting, Delegating, Record, contribution, locked_in
from runtime.frame.governance import Tally


def recount(books: Books) -> None:
    """Raises AssertionError, naming the first account or referendum of which the books are wrong."""
    records: dict[tuple[bytes, int], Record] = {
        key: books.record_of(*key) for key, _ in books.voting_for.items()
    }
    _check_roll(books)
    for (who, class_), record in records.items():
        _check_record(books, who, class_, record)
    _check_delegations(books, records)
    tallies = tallies_of(books, records)
    for poll, expected in tallies.items():
        found = books.polls.tally(poll)
        assert found is not None and found[0] == expected, (
            f"referendum {poll} is tallied {found}, and its votes are {expected}"
        )


def tallies_of(books: Books, records: dict[tuple[bytes, int], Record]) -> dict[int, Tally]:
    """The tally of each referendum that goes on and has votes, from the records of all accounts. What is
    retracted is counted again, too.
    """
    retracted, tallies = _retracted(records), dict[int, Tally]()
    for (who, class_), record in records.items():
        for poll, _ in record.votes:
            found = books.polls.tally(poll)
            if found is None:
                continue
            assert found[1] == class_, f"0x{who.hex()} votes on {poll} in class {class_}, not {found[1]}"
            more = contribution(record, poll, retracted.get((who, poll), NOBODY))
            tallies[poll] = plus(tallies.get(poll, EMPTY), more)
    return tallies


def _check_roll(books: Books) -> None:
    for who, mine in books.enrollments.items():
        name = f"0x{who.hex()}"
        assert mine.coins, f"{name} is enrolled with nothing"
        assert books.coin.on_hold(ENROLLED, who) == mine.coins, f"the coins of {name} are not on hold"
        blocks = [each.counts_from for each in mine.seasoning]
        assert blocks == sorted(set(blocks)), f"the enrollments of {name} are out of order"
    for who, locks in books.class_locks_for.items():
        name = f"0x{who.hex()}"
        classes = [class_ for class_, _ in locks]
        assert len(set(classes)) == len(classes), f"a class of {name} is locked twice"
        assert books.locked_of(who) <= books.counting_of(who), f"{name} locks more than counts"


def _check_record(books: Books, who: bytes, class_: int, record: Record) -> None:
    name = f"0x{who.hex()} in class {class_}"
    assert record != CASTING, f"the record of {name} is empty"
    polls = [poll for poll, _ in record.votes]
    assert polls == sorted(set(polls)), f"the votes of {name} are out of order"
    assert len(polls) <= VOTES_MAX, f"{name} has too many votes"
    locked = dict(books.class_locks_for[who]).get(class_, 0)
    assert locked_in(record, books.host.number) <= locked, f"{name} locks less than is needed"


def _check_delegations(books: Books, records: dict[tuple[bytes, int], Record]) -> None:
    lent: dict[tuple[bytes, int], Delegations] = {}
    for (who, class_), record in records.items():
        if isinstance(record, Delegating):
            assert record.target != who, f"0x{who.hex()} delegates to itself"
            key = record.target, class_
            lent[key] = joined(lent.get(key, NOBODY), record.lent)
    for key in dict.fromkeys([*records, *lent]):
        record, expected = records.get(key, Casting()), lent.get(key, NOBODY)
        assert record.delegations == expected, (
            f"0x{key[0].hex()} has {record.delegations} in class {key[1]}, and was lent {expected}"
        )
    retracted = {key: coins for key, coins in _retracted(records).items() if coins != NOBODY}
    assert dict(books.retracted.items()) == retracted, "what is retracted is not what delegators vote on"


def _retracted(records: dict[tuple[bytes, int], Record]) -> dict[tuple[bytes, int], Delegations]:
    """By delegate and referendum, the coins of those who delegate to it and vote there themselves."""
    found: dict[tuple[bytes, int], Delegations] = {}
    for record in records.values():
        if isinstance(record, Delegating):
            for poll, _ in record.votes:
                key = record.target, poll
                found[key] = joined(found.get(key, NOBODY), record.lent)
    return found
