"""The first pallet's tutorial, done as it says: files written, commands run, the chain started and called."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import tidy
from support.devnode import dev_node

BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGE = tidy.ROOT / "docs" / "tutorials" / "first-pallet.md"
COMMAND_SECONDS_MAX = 120


class Reader:
    """Somebody who follows the page in an empty folder, without touching this project's own environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = folder / "site"
        self.said = ""
        self.environment = {
            **os.environ,
            "PYTHONPATH": f"{self.site}{os.pathsep}{tidy.ROOT}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def command(self, line: str) -> list[str]:
        """The page's command, with this test's interpreter and folders in place of the reader's."""
        words = line.split()
        if words[:3] == ["python3", "go.py", "test"]:
            return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words[3:]]
        if words[:2] == ["python3", "go.py"]:
            return [sys.executable, "-m", "node", *words[2:]]
        assert words[0] == ".venv/bin/pip", line
        install = [word for word in words[1:] if word != "--editable"]
        return [sys.executable, "-m", "pip", *install[:-1], "--target", str(self.site), install[-1]]

    def run(self, line: str) -> None:
        line, _, target = line.partition(" > ")
        done = subprocess.run(
            self.command(line),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        self.said += done.stdout
        if target:
            (self.folder / target).write_text(done.stdout, encoding="utf-8")


def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    place = next(place for place, (_, _, text) in enumerate(blocks) if text.rstrip().endswith("&"))
    for kind, about, text in blocks[:place]:
        follow(reader, kind, about, text)
    assert "3 passed" in reader.said, "the tests of the new pallet"
    assert "4 passed" in reader.said, "the tests of the tutorial"
    assert "pallet-loyalty" in reader.said, "the list of pallets names the distribution"

    started = blocks[place][2].split()
    assert started == ["python3", "go.py", "dev", "--tmp", "--chain", "loyalty.json", "&"]
    reader.said = ""
    chain = ("--chain", str(tmp_path / "loyalty.json"))
    with dev_node(tmp_path, *chain, environment=reader.environment) as node:
        reader.environment["BALLAST_RPC"] = node.url
        for kind, about, text in blocks[place + 1 :]:
            follow(reader, kind, about, text)
    assert "Loyalty.Awarded" in reader.said
    assert reader.said.rstrip().splitlines()[-1].split()[-1] == "5"


def follow(reader: Reader, kind: str, about: str, text: str) -> None:
    """Do what one block of the page asks for."""
    if kind == "sh":
        for line in text.splitlines():
            reader.run(line)
    elif about.startswith("file="):
        file = reader.folder / about.removeprefix("file=")
        assert file.exists(), f"the page replaces {file}, and `pallet new` wrote no such file"
        file.write_text(text, encoding="utf-8")
    else:
        assert (kind, about) == ("json", "seat")
        spec = json.loads((reader.folder / "loyalty.json").read_text(encoding="utf-8"))
        spec["pallets"].append(json.loads(text))
        (reader.folder / "loyalty.json").write_text(json.dumps(spec), encoding="utf-8")
        shutil.rmtree(reader.folder / "pallet-loyalty")  # from here on only what was installed counts
