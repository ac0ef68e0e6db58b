"""Every command says what it is for, and every option what it does."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc

import pytest
from cyclopts import App

from node.cli.main import COMMANDS, build
from support.cli import ballast, refusal


def commands() -> Iterator[tuple[str, App]]:
    """Every command that does something, with the words that call it."""

    def walk(app: App, words: tuple[str, ...]) -> Iterator[tuple[str, App]]:
        if app.default_command is not None:
            yield " ".join(words), app
        for name in app:
            if not name.startswith("-"):
                yield from walk(app[name], (*words, name))

    for noun in COMMANDS:
        yield from walk(build()[noun], (noun,))


ALL = dict(commands())


def test_what_there_is() -> None:
    assert set(ALL) >= {
        "dev", "key generate", "key derive", "key inspect", "account", "account list", "tx", "tx transfer",
        "query", "block", "state root", "pallet list", "chain spec", "chain check", "chain list",
    }  # fmt: skip


@pytest.mark.parametrize("words", ALL)
def test_each_command_and_each_of_its_options_is_explained(words: str) -> None:
    app = ALL[words]
    assert app.help.strip(), f"{words} has no help"
    for argument in app.assemble_argument_collection():
        assert argument.parameter.help, f"{words}: {argument.name} is not explained"


@pytest.mark.parametrize("words", ALL)
def test_what_is_said_in_several_lines_fits_a_terminal(words: str) -> None:
    """They are shown as they stand, so a longer one would break in the middle."""
    _, *more = cleandoc(ALL[words].help).splitlines()
    assert [line for line in more if len(line) > 80] == []


@pytest.mark.parametrize("words", ALL)
def test_each_command_speaks_json(words: str) -> None:
    names = {name for argument in ALL[words].assemble_argument_collection() for name in argument.names}
    assert "--json" in names


@pytest.mark.parametrize("noun", COMMANDS)
def test_each_noun_prints_its_help(noun: str) -> None:
    ended = ballast(noun, "--help")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith(f"Usage: ballast {noun}")
    assert COMMANDS[noun] in " ".join(ended.out.split())


@pytest.mark.parametrize("noun", COMMANDS)
def test_each_noun_has_examples_that_fit_a_terminal(noun: str) -> None:
    lines = ballast(noun, "--help").out.splitlines()
    examples = lines[lines.index("Examples:") + 1 :]
    assert examples
    for line in examples:
        assert line.startswith("  "), f"{line!r} is a line that was wrapped"


def test_the_root_lists_every_noun_and_imports_none() -> None:
    ended = ballast("--help")
    assert ended.status == 0
    positions = [ended.out.index(f"│ {noun} ") for noun in COMMANDS]
    assert positions == sorted(positions)


def test_the_version() -> None:
    ended = ballast("--version")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.count(".") == 2


def test_what_is_no_command() -> None:
    said = refusal("dve", status=2)
    assert said.startswith('Unknown command "dve". Did you mean "dev"?')
    assert said.endswith("(--help explains)")


def test_what_is_no_option() -> None:
    said = refusal("dev", "--prot", "1", status=2)
    assert said.startswith("Unknown option: --prot.")


def test_an_option_of_the_wrong_kind() -> None:
    assert refusal("dev", "--rpc-port", "70000", status=2).startswith('Invalid value "70000" for --rpc-port.')
