"""Passwords: one text however it was typed, and how dear it is to guess.

Two keyboards may send one character as different code points, and an accidental backspace is a character too.
EIP-2335 settles both, and all files of this program follow it: NFKD, control codes left out, UTF-8.
"""

from __future__ import annotations

import enum
import unicodedata
from typing import Final

PASSWORD_CHARACTERS_MAX: Final = 4_096


class InvalidPassword(ValueError):
    """A text that can be no password. The message never quotes it."""


class Cost(enum.Enum):
    """How long a guess takes who has the file, and everybody who opens it."""

    STRONG = "strong"
    """About a second and 256 MiB."""
    LIGHT = "light"
    """Next to nothing: for secrets that are public anyway, such as a development network's."""


def password_bytes(password: str) -> bytes:
    """The bytes that a password stands for. Raises InvalidPassword when none are left."""
    if len(password) > PASSWORD_CHARACTERS_MAX:
        raise InvalidPassword(f"a password has at most {PASSWORD_CHARACTERS_MAX} characters")
    text = "".join(each for each in unicodedata.normalize("NFKD", password) if not _is_control(each))
    return utf8(text)


def utf8(text: str) -> bytes:
    """A password's bytes as it stands. Raises InvalidPassword."""
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise InvalidPassword("a password is Unicode text, and this one holds half a character") from None
    if not data:
        raise InvalidPassword("the password is empty")
    return data


def _is_control(character: str) -> bool:
    """C0, C1 and delete; a space is none."""
    code = ord(character)
    return code < 0x20 or 0x7F <= code <= 0x9F
