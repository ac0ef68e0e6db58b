"""Loading a chain spec: a preset by its name, or a JSON file."""

from __future__ import annotations

import json
from pathlib import Path

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
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise SpecError(f"{path}, line {error.lineno}, column {error.colno}: {error.msg}") from None
    try:
        return parse_spec(document)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from None
