"""A stranger's pallet: the example distribution is installed, discovered and seated, and its tests pass."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tidy
from support.hello import EXAMPLE, installed_hello

ASK = """
import json
from genesis.build import build_genesis
from genesis.presets.dev import dev
from genesis.spec import parse_spec, write_spec
from node.plugins import discover
from runtime.loader import load
from runtime.state import MemoryStates
document = write_spec(dev(2))
document["pallets"].append({"index": 100, "pallet": "Hello", "config": {"greeters_max": 5}})
spec = parse_spec(json.loads(json.dumps(document)))
found = discover()
runtime = load(spec.runtime, found)
hello = found["Hello"]
genesis = build_genesis(runtime, spec.genesis, MemoryStates().head)
last = list(runtime.pallets)[-1]
print(json.dumps([hello.distribution, hello.version, hello.digest.hex(), last, genesis.hash.hex()]))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed distributions that holds the example alone."""
    return installed_hello(tmp_path_factory.mktemp("site"))


def run(*command: str, path: tuple[Path, ...], folder: Path = tidy.ROOT) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_installed_distribution_takes_its_seat(site: Path) -> None:
    distribution, version, digest, last, genesis = json.loads(
        run(sys.executable, "-c", ASK, path=(site, tidy.ROOT))
    )
    assert (distribution, version, last) == ("pallet-hello", "0.1.0", "Hello")
    assert len(digest) == len(genesis) == 64
    assert int(digest, 16) > 0


def test_its_own_tests_pass(site: Path) -> None:
    said = run(
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path=(tidy.ROOT,), folder=EXAMPLE
    )
    assert "3 passed" in said


def test_both_type_checkers_find_nothing(site: Path) -> None:
    package = str(EXAMPLE / "pallet_hello")
    run(sys.executable, "-m", "mypy", "--strict", package, path=(site, tidy.ROOT))
    run(sys.executable, "-m", "pyright", "--pythonpath", sys.executable, package, path=(tidy.ROOT,))
