"""Faults: what may go wrong at a command line, each one line and an exit status that scripts can read."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Final, cast

USAGE: Final = 2
"""The command, or the place where it runs, is wrong."""
REFUSED: Final = 1
"""The chain said no."""
INTERRUPTED: Final = 130
"""Stopped from the keyboard, as shells number it."""


class Fault(Exception):
    """Something expected went wrong; the message is one line that says what and what to do."""

    status: int = USAGE


class Refused(Fault):
    """The chain, or the pool before it, refused what was asked."""

    status = REFUSED


@contextmanager
def expected(*kinds: type[Exception], refused: tuple[type[Exception], ...] = ()) -> Generator[None]:
    """Turn exceptions of these kinds, alone or grouped by a nursery, into one `Fault` (or `Refused`).

    Whatever else is raised passes through: it is a bug, and has its traceback.
    """
    try:
        yield
    except Fault:
        raise
    except (Exception, BaseExceptionGroup) as error:
        found = first_of(error, (Fault, *kinds, *refused))
        if found is None:
            raise
        if isinstance(found, Fault):
            raise found from None
        raise (Refused if isinstance(found, refused) else Fault)(one_line(found)) from None


def first_of(error: BaseException, kinds: tuple[type[BaseException], ...]) -> BaseException | None:
    """The first leaf of an exception (a group, or itself) when every leaf is of these kinds; else None."""
    leaves = list(_leaves(error))
    return leaves[0] if all(isinstance(leaf, kinds) for leaf in leaves) else None


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            yield from _leaves(each)
    else:
        yield error


def one_line(error: BaseException) -> str:
    """An exception's message on one line; an OSError as the file and what the system says of it."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        return f"{where}{error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__
