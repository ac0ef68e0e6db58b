"""The store: what a runtime is put together of, that it is kept whole under its manifest, and found by it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from genesis.presets.dev import dev
from genesis.spec import ChainSpec, write_spec
from node.chain.chain import OtherRuntime
from node.runtimes.asking import RuntimeUnfit, environment_for
from node.runtimes.change import successor
from node.runtimes.here import folder_of, seats_at, spec_here
from node.runtimes.sources import CORE, PACKAGES, SourceUnfit, at_folder, gather, installed
from node.runtimes.store import MANIFEST, Held, RuntimeDamaged, Store, manifest_of
from runtime.spec import SeatSpec
from support.cli import ballast, refusal
from support.hello import EXAMPLE, installed_hello
from support.processes import ROOT
from support.upgrade import HELLO_INDEX, write_next_version


def spec() -> ChainSpec:
    return dev(accounts=2)


def with_hello() -> ChainSpec:
    seats = (*spec().runtime.pallets, SeatSpec(index=HELLO_INDEX, pallet="Hello"))
    return replace(spec(), runtime=replace(spec().runtime, spec_version=2, pallets=seats))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def held(place: Path) -> Held:
    """The software as it is, with one pallet more."""
    return Store(place).hold(with_hello(), gather([EXAMPLE]))


# What it is put together of.


def test_a_checkout_an_installation_and_this_environment_are_sources_alike(tmp_path: Path) -> None:
    (checkout,) = at_folder(EXAMPLE)
    (installation,) = at_folder(installed_hello(tmp_path / "site"))
    for source, package in ((checkout, EXAMPLE), (installation, tmp_path / "site")):
        assert (source.name, source.version) == ("pallet-hello", "0.1.0")
        assert source.entries == (("hello", "pallet_hello"),)
        assert source.packages == (package / "pallet_hello",)
    (core,) = [each for each in installed() if each.name == CORE]
    assert core.packages == tuple(ROOT / package for package in PACKAGES)
    assert ("system", "pallets.system") in core.entries


def test_folders_come_before_the_environment_and_the_core_before_all() -> None:
    assert [each.name for each in gather([EXAMPLE])] == [CORE, "pallet-hello"]


@pytest.mark.parametrize(
    ("project", "why"),
    [
        (
            None,
            "holds no distribution that offers pallets: give a checkout with its pyproject.toml, or a folder",
        ),
        (
            "[project]\nname = 'x'\nversion = '1'\n",
            "is no project that offers pallets: KeyError: 'entry-points'",
        ),
        ("[project", "is no project that offers pallets: TOMLDecodeError: "),
        (
            "[project]\nname = 'x'\nversion = '1'\n[project.entry-points.pallets]\nx = 'there.not'\n",
            "has no package there",
        ),
    ],
)
def test_a_folder_that_is_no_source_is_refused(tmp_path: Path, project: str | None, why: str) -> None:
    if project is not None:
        (tmp_path / "pyproject.toml").write_text(project)
    with pytest.raises(SourceUnfit) as refused:
        gather([tmp_path])
    assert str(tmp_path) in str(refused.value) and why in str(refused.value)


def test_two_that_bring_the_same_package_are_refused(tmp_path: Path) -> None:
    (source,) = at_folder(EXAMPLE)
    source.copy(tmp_path)
    with pytest.raises(SourceUnfit, match=r"^other brings pallet_hello, and so does another distribution$"):
        replace(source, name="other").copy(tmp_path)


# What is kept.


def test_a_runtime_is_named_by_the_manifest_of_its_files(held: Held, place: Path) -> None:
    assert held.folder == place / "runtimes" / held.hash.hex()
    assert held.manifest.spec_version == 2
    assert [each.distribution for each in held.manifest.pallets if each.index == HELLO_INDEX] == [
        "pallet-hello"
    ]
    assert manifest_of(held.folder) == held.code == (held.folder / MANIFEST).read_bytes()
    assert seats_at(held.folder).runtime == with_hello().runtime
    assert folder_of(str(held.folder / "runtime" / "__init__.py")) == held.folder
    assert [each.name for each in (place / "runtimes").iterdir()] == [held.hash.hex()]


def test_it_is_found_by_its_code_by_how_its_hash_begins_and_by_its_seats(held: Held, place: Path) -> None:
    store = Store(place)
    assert store.held() == (held,)
    assert store.find(held.code) == held
    assert store.find(b"another") is None
    assert store.named("0x" + held.hash.hex()[:6]) == store.named(held.hash.hex()) == held
    assert store.named("") is None and store.named("0x" + "f" * 65) is None
    assert store.seating(with_hello().runtime) == held
    assert store.seating(spec().runtime) is None
    assert Store(place / "nowhere").held() == ()


def test_to_prepare_it_again_changes_nothing(held: Held, place: Path) -> None:
    (held.folder / "mark").write_text("")
    assert Store(place).hold(with_hello(), gather([EXAMPLE])).folder == held.folder
    assert (held.folder / "mark").exists()
    assert [each.name for each in (place / "runtimes").iterdir()] == [held.hash.hex()]


def test_what_does_not_load_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnfit) as refused:
        Store(tmp_path).hold(with_hello(), gather([]))
    assert str(refused.value).startswith(
        f"the runtime does not load: pallet 'Hello' at index {HELLO_INDEX} is not installed; installed are: "
    )
    assert list((tmp_path / "runtimes").iterdir()) == []


def test_other_files_are_another_runtime_and_a_damaged_one_is_found_out(held: Held, tmp_path: Path) -> None:
    """What is started is judged by its files; what only says another name is not even looked for."""
    folder = tmp_path / "runtimes" / held.hash.hex()
    shutil.copytree(held.folder, folder)
    with (folder / "pallet_hello" / "pallet.py").open("a") as file:
        file.write("\n# changed\n")
    assert manifest_of(folder) != held.code
    (folder / MANIFEST).write_bytes(manifest_of(folder))
    store = Store(tmp_path)
    assert store.held() == ()
    with pytest.raises(RuntimeDamaged) as damaged:
        store.find(held.code)
    assert str(damaged.value) == (
        f"the runtime in {folder} is not what its name says: remove the folder, and prepare it again"
    )


def test_a_process_of_a_stored_runtime_has_it_first_on_its_path(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    assert environment_for(held.folder)["PYTHONPATH"] == f"{held.folder}:/elsewhere"
    assert environment_for(None)["PYTHONPATH"] == "/elsewhere"


def test_what_is_installed_takes_its_seats_from_the_chain_spec() -> None:
    assert spec_here(spec()) == spec()


def test_the_successor_is_what_the_store_holds_or_the_refusal_itself(held: Held, place: Path) -> None:
    wanted = OtherRuntime("db", held.code, ("spec version 2, and here 1",))
    assert successor(Store(place), wanted) == held
    with pytest.raises(OtherRuntime) as refused:
        successor(Store(place / "nowhere"), wanted)
    assert str(refused.value) == (
        f"the chain at db goes on with runtime 0x{held.hash.hex()}, and what is here differs: spec version "
        "2, and here 1; hold it (`ballast upgrade prepare`) and start again, or give another --base-path"
    )


# The commands.


def test_prepare_and_check_tell_what_is_held_and_what_is_missing(tmp_path: Path) -> None:
    file, code, _ = write_next_version(tmp_path / "next", spec())
    base, out = tmp_path / "base", tmp_path / "next.scale"
    options = ("--chain", str(file), "--code", str(code), "--code", str(EXAMPLE), "--out", str(out))
    made: Any = ballast("upgrade", "prepare", *options, "--base-path", str(base), "--json").json
    assert (made["specVersion"], made["pallets"][-1]) == (2, "Hello")
    assert out.read_bytes().hex() == made["code"][2:]
    checked: Any = ballast("upgrade", "check", str(out), "--base-path", str(base), "--json").json
    assert (checked["hash"], checked["held"], checked["installed"]) == (made["hash"], True, False)
    wrong = {each["seat"]: each["match"] for each in checked["seats"] if each["match"] != "same"}
    assert wrong == {"Sudo": "other files", "Hello": "missing"}
    hexed = tmp_path / "next.hex"
    hexed.write_text(made["code"] + "\n")
    elsewhere = ballast("upgrade", "check", str(hexed), "--base-path", str(tmp_path / "elsewhere"))
    assert elsewhere.status == 1
    assert elsewhere.out.splitlines()[-1] == "Not held: `ballast upgrade prepare` puts it together"


def test_refusals_are_one_line(tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    junk.write_bytes(b"\x01")
    assert refusal("upgrade", "check", str(junk), status=2).startswith(f"{junk} holds no manifest: ")
    missing = tmp_path / "missing"
    assert refusal("upgrade", "check", str(missing), status=2) == (
        f"{missing} cannot be read: No such file or directory"
    )
    assert refusal("upgrade", "dry-run", "0x12", "--base-path", str(tmp_path), status=2) == (
        f"no one runtime in {tmp_path / 'runtimes'} is called '0x12': `ballast upgrade prepare`"
    )
    seats = tmp_path / "seats.json"
    seats.write_text(json.dumps({**write_spec(with_hello()), "specVersion": 9}))
    said = refusal("upgrade", "prepare", "--chain", str(seats), "--base-path", str(tmp_path), status=2)
    assert said.startswith("the runtime does not load: pallet 'Hello' at index 200 is not installed")
    assert list((tmp_path / "runtimes").iterdir()) == []
