"""Rules of the house that no other tool holds."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ["crypto", "vrm", "marketplace", "migrations", "tests", "benchmarks", "docs"]
LONGEST = 450
"""Lines of a file of Python."""

MACHINE = re.compile(r"/(?:work|root|home/\w+|Users/\w+)/|[A-Z]:\\\\Users")
"""A path that exists on somebody's own machine."""


def files(*endings: str) -> Iterator[Path]:
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in endings and "node_modules" not in file.parts:
                yield file
    yield from (file for file in sorted(ROOT.iterdir()) if file.suffix in endings)


def test_no_file_is_too_long_to_read() -> None:
    lengths = {
        str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in files(".py")
    }
    assert len(lengths) > 100
    long = {name: lines for name, lines in lengths.items() if lines > LONGEST}
    # A revision of the schema is read once, from top to bottom.
    assert not [name for name in long if not name.startswith("migrations/versions/")], long


def test_nothing_names_a_path_of_one_machine() -> None:
    found = {
        f"{file.relative_to(ROOT)}:{number}"
        for file in files(".py", ".md", ".toml", ".json", ".mjs", ".js")
        if file != Path(__file__)
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if MACHINE.search(line)
    }
    assert not found


@pytest.mark.parametrize(
    "page", ["README.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))]
)
def test_the_make_targets_that_pages_name_exist(page: str) -> None:
    text = (ROOT / page).read_text()
    named = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", text, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named <= targets
