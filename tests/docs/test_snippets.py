"""What the pages show runs as it stands."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

import tidy

PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
IMPORTS = """
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import BadOrigin, Root
from runtime.testing import TestChain, refuses
"""


def test_the_pallet_of_the_pallets_page_passes_its_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (tidy.ROOT / "pallets" / "README.md").read_text(encoding="utf-8")
    pallet, test = PYTHON.findall(page)
    file = tmp_path / "thanks.py"
    file.write_text(f"{pallet}\n{IMPORTS}\n{test}", encoding="utf-8")
    spec = importlib.util.spec_from_file_location("thanks", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "thanks", module)
    spec.loader.exec_module(module)
    module.test_thanks_are_given_once()
