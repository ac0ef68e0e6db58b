"""The one door: makes the environment once, then runs what is asked in it. Standard library only.

    python3 go.py               run the development chain (the same as `python3 go.py dev`)
    python3 go.py test          run the tests, in two processes
    python3 go.py test ARGS     run some of them: ARGS go to pytest
    python3 go.py check         run everything that CI runs, the tests last
    python3 go.py COMMAND ...   run `ballast COMMAND ...`; `python3 go.py --help` lists the commands

It parses under Python 3.8 as well, so that an older Python is refused with a sentence.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

PYTHON_MIN = (3, 11)
ROOT = Path(__file__).resolve().parent
LOCK = ROOT / "requirements.lock"
PROJECT = ROOT / "pyproject.toml"
VENV = ROOT / ".venv"
STAMP = "ballast-stamp"
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
"""Not heeded where tests run: every process that they start would compile a thousand modules again."""
ALL_TESTS = ("-n", "2")
"""How all tests are run: in two processes, one of them for those that start nodes (`tests/conftest.py`)."""


class SetupError(Exception):
    """The environment cannot be made; the message is one line that says what to do."""


def main(arguments: list[str]) -> int:
    """Make the environment when needed, then become the command asked for."""
    if sys.version_info < PYTHON_MIN:
        wanted, found = (".".join(map(str, version[:2])) for version in (PYTHON_MIN, sys.version_info))
        return fail(
            f"Ballast needs Python {wanted} or newer; this is Python {found}. Try: python{wanted} go.py"
        )
    try:
        make_environment()
    except SetupError as refusal:
        return fail(str(refusal))
    if arguments[:1] == ["test"] or arguments == ["check"]:
        os.environ.pop(NO_BYTECODE, None)
    if arguments[:1] == ["test"]:
        become(python("-m", "pytest", *(arguments[1:] or ALL_TESTS)), cwd=ROOT)
    if arguments == ["check"]:
        return check()
    become(python("-P", "-m", "node", *(arguments or ["dev"])))


# The environment.


def make_environment() -> None:
    """Bring `.venv` to what the lock and the project ask for."""
    wanted = [digest(LOCK, sys.version, str(ROOT)), digest(PROJECT)]
    if stamps(VENV) == wanted:
        return
    with alone():
        found = stamps(VENV)
        if found == wanted:
            return
        if found[:1] != wanted[:1]:
            create_environment(VENV, LOCK)
        (VENV / STAMP).unlink(missing_ok=True)
        say("installing Ballast itself")
        pip(VENV, "--no-deps", "--no-build-isolation", "-e", str(ROOT))
        stamp(VENV, wanted)


def create_environment(venv: Path, lock: Path) -> None:
    """A fresh environment holding exactly a lock; what stood there before, whole or half-made, is removed."""
    started = time.monotonic()
    name = os.path.relpath(venv, ROOT)
    count = sum("==" in line for line in lock.read_text(encoding="utf-8").splitlines())
    say(f"making {name} with Python {sys.version.split()[0]}: once, about a minute")
    shutil.rmtree(venv, ignore_errors=True)
    made = capture([sys.executable, "-m", "venv", str(venv)])
    if made.returncode != 0:
        raise SetupError(
            f"cannot make {venv}: {last_line(made.stdout)} (Python's venv module with pip is needed; "
            "on Debian and Ubuntu: apt install python3-venv)"
        )
    say(f"installing {count} locked packages, each checked against its hash")
    pip(venv, "--require-hashes", "-r", str(lock))
    say(f"{name} holds its packages after {time.monotonic() - started:.0f} s")


def pip(venv: Path, *arguments: str) -> None:
    """`pip install`, configured as this machine configures pip."""
    flags = ("--disable-pip-version-check", "--no-compile", "--no-input", "--quiet")
    done = capture([str(interpreter(venv)), "-m", "pip", "install", *flags, *arguments])
    if done.returncode != 0:
        print(done.stdout, file=sys.stderr, end="")
        raise SetupError(
            "pip could not install the packages (its words are above); mend that and start again"
        )


def interpreter(venv: Path) -> Path:
    """Where an environment keeps its Python."""
    return venv / "Scripts" / "python.exe" if os.name == "nt" else venv / "bin" / "python"


def stamps(venv: Path) -> list[str]:
    """The digests that an environment was made for; nothing when it is absent or half-made."""
    file = venv / STAMP
    return file.read_text(encoding="utf-8").split() if file.exists() and interpreter(venv).exists() else []


def stamp(venv: Path, digests: list[str]) -> None:
    """Says, as the last act, that an environment is whole."""
    (venv / STAMP).write_text("".join(f"{digest}\n" for digest in digests), encoding="utf-8")


def digest(file: Path, *context: str) -> str:
    """Names a file's content and the circumstances that its use depends on."""
    content = hashlib.sha256(file.read_bytes())
    for word in context:
        content.update(b"\0" + word.encode())
    return content.hexdigest()


@contextmanager
def alone() -> Iterator[None]:
    """One process at a time makes the environment; a second waits for it."""
    with open(ROOT / ".venv.lock", "w", encoding="utf-8") as lock:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield  # closing the file opens the door to the next


# The checks: two at a time, told in this order; the tests come last.


def check() -> int:
    """Everything that CI runs; stops at the first failing step, and pytest's own line closes it."""
    started = time.monotonic()
    pool = ThreadPoolExecutor(CHECKS_AT_A_TIME)
    try:
        steps = [(name, pool.submit(timed, step)) for name, step in CHECKS]
        for name, step in steps:
            output, seconds = step.result()
            if output is not None:
                print(output.rstrip())
                return fail(f"check: {name} failed after {seconds:.1f} s")
            say(f"check: {name}: ok, {seconds:.1f} s")
    finally:
        pool.shutdown(cancel_futures=True)
    say(f"check: all but the tests: ok, {time.monotonic() - started:.1f} s; the tests:")
    become(python("-m", "pytest", *ALL_TESTS), cwd=ROOT)


def timed(step: Callable[[], str | None]) -> tuple[str | None, float]:
    """What a step says, and how many seconds it took."""
    began = time.monotonic()
    output = step()
    return output, time.monotonic() - began


def run(*command: str) -> Callable[[], str | None]:
    """A step that runs a command: None when it succeeds, its output when it fails."""

    def step() -> str | None:
        done = capture(python(*command))
        return None if done.returncode == 0 else done.stdout

    return step


def audit_hash_seeds() -> str | None:
    """Two processes whose hashes differ must print the same lines; returns those that differ."""
    runs = [capture(python(str(ROOT / "tests" / "hashseed.py")), PYTHONHASHSEED=seed) for seed in ("1", "2")]
    for done in runs:
        if done.returncode != 0:
            return done.stdout
    first, second = (done.stdout.splitlines() for done in runs)
    if first == second:
        return None
    pairs = [f"seed 1: {a}\nseed 2: {b}" for a, b in zip(first, second, strict=False) if a != b]
    return "\n".join(pairs or [f"seed 1 printed {len(first)} lines, seed 2 printed {len(second)}"])


CHECKS_AT_A_TIME = 2
CHECKS: tuple[tuple[str, Callable[[], str | None]], ...] = (
    ("format", run("-m", "ruff", "format", "--check", str(ROOT))),
    ("lint", run("-m", "ruff", "check", str(ROOT))),
    ("import contracts", run("-c", "from importlinter.cli import lint_imports_command as run; run()")),
    ("determinism and tidiness", run(str(ROOT / "tests" / "tidy.py"))),
    ("mypy strict", run("-m", "mypy")),
    ("pyright strict", run("-m", "pyright", "--pythonpath", str(interpreter(VENV)))),
    ("hash-seed audit", audit_hash_seeds),
)


# Processes and words.


def python(*arguments: str) -> list[str]:
    """A command for the environment's own interpreter."""
    return [str(interpreter(VENV)), *arguments]


def capture(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run to the end in the project's folder, both outputs in one text."""
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def become(command: list[str], cwd: Path | None = None) -> NoReturn:
    """Be replaced by a command, so that its signals and its exit status are ours."""
    if cwd is not None:
        os.chdir(cwd)
    sys.stdout.flush()
    if os.name == "nt":
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)


def say(text: str) -> None:
    print(f"ballast: {text}", flush=True)


def fail(text: str) -> int:
    print(f"ballast: {text}", file=sys.stderr, flush=True)
    return 1


def last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no reason given"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
