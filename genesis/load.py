"""Loading a chain spec: a preset by its name, or a JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

from genesis.presets import PRESETS
from genesis.spec import ChainSpec, SpecError, parse_spec


def load_spec(chain: str) -> ChainSpec:
    """The chain spec of a preset's name or of a file's path. Raises SpecError."""
    preset = PRESETS.get(chain)
    if preset is not None:
        return preset()
    path = Path(chain)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        presets = ", ".join(PRESETS)
        raise SpecError(
            f"{chain!r} is neither a preset ({presets}) nor a file that can be read: {error.strerror}"
        ) from None
    except UnicodeDecodeError:
        raise SpecError(f"{path} is no text") from None
    return read_spec(text, str(path))


def read_spec(text: str, path: str) -> ChainSpec:
    """The chain spec that JSON text describes, found at `path`. Raises SpecError."""
    try:
        return parse_spec(json.loads(text, parse_constant=_no_number))
    except json.JSONDecodeError as error:
        raise SpecError(f"{path}, line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise SpecError(f"{path} is nested too deeply") from None
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from None
    except ValueError:
        raise SpecError(f"{path} holds a number of too many digits") from None


def _no_number(name: str) -> NoReturn:
    """Python reads NaN and Infinity, which are no JSON."""
    raise SpecError(f"{name} is no number of JSON")
