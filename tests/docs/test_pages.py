"""The pages hang together: every relative link leads somewhere, every decision is listed."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

import tidy

ROOT = tidy.ROOT
PAGES = [file for file in tidy.tracked() if file.endswith(".md")]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_somewhere(page: str) -> None:
    text = FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
    targets = [link.partition("#")[0] for link in LINK.findall(text) if "://" not in link]
    missing = [target for target in targets if target and not ((ROOT / page).parent / target).exists()]
    assert missing == []


def test_every_decision_is_listed_under_its_title() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    files = sorted(folder.glob("[0-9]*.md"))
    numbers = [file.name[:4] for file in files]
    assert numbers == [f"{number:04}" for number in range(1, len(files) + 1)]
    for file in files:
        text = file.read_text(encoding="utf-8")
        title = text.splitlines()[0].removeprefix(f"# {file.name[:4]} ")
        assert f"| [{file.name[:4]}]({file.name}) | {title} |" in index
        for part in ("Context", "Decision", "Consequences", "What would change our mind"):
            assert f"**{part}.**" in text, f"{file.name} has no {part}"


def test_the_drawing_is_a_picture_with_words_for_those_who_cannot_see_it() -> None:
    drawing = ElementTree.parse(ROOT / "docs" / "architecture.svg").getroot()
    names = [child.tag.rpartition("}")[2] for child in drawing]
    assert names[:2] == ["title", "desc"]
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert page.count("(architecture.svg)") == 1
