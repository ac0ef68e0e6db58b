"""Passwords at the command line: from a file, or from whoever sits at the terminal; never as an argument."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from cyclopts import Parameter

from node.cli.faults import Fault

PASSWORD_FILE_BYTES_MAX: Final = 16 << 10

PasswordFile: TypeAlias = Annotated[
    Path | None,
    Parameter(
        name="--password-file",
        env_var="BALLAST_PASSWORD_FILE",
        help="A file whose first line is the password. Without it, a terminal asks.",
    ),
]
"""The option that says where the password is."""


def read_password(file: Path | None, what: str, *, twice: bool = False) -> str:
    """The password of `what`, such as `the key alice`. Raises Fault.

    `twice`: whoever types it does so again, since nothing else would notice a slip.
    """
    if file is not None:
        return _first_line(file)
    if not sys.stdin.isatty():
        raise Fault(f"no password for {what}: give --password-file FILE, whose first line is the password")
    try:
        password = getpass.getpass(f"Password of {what}: ")
        if twice and getpass.getpass("The same again: ") != password:
            raise Fault("the two passwords are not the same")
    except EOFError:
        raise Fault(f"no password for {what}") from None
    return password


def _first_line(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(PASSWORD_FILE_BYTES_MAX + 1)
        text = data.decode()
    except OSError as error:
        raise Fault(f"the password file {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Fault(f"the password file {file} is no UTF-8 text") from None
    if len(data) > PASSWORD_FILE_BYTES_MAX:
        raise Fault(f"the password file {file} is longer than {PASSWORD_FILE_BYTES_MAX} bytes")
    line = text.partition("\n")[0].removesuffix("\r")
    if not line:
        raise Fault(f"the first line of the password file {file} is empty")
    return line
