"""The bidder for those without Python, at a real market."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import crypto
from tests.vrm.vendor.live import LiveMarket
from vrm.client.vendor import VendorClient
from vrm.documents import AskingPrice, Need

SOURCE = Path(__file__).parents[3] / "docs" / "examples" / "node-bidder"
NODE_MAJOR = 20


@pytest.fixture(scope="module")
def bidder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example in a folder of its own, with its packages: nothing is installed in the source tree."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not installed here, so the Node bidder was NOT tested")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip().removeprefix("v").partition(".")[0]) < NODE_MAJOR:
        pytest.skip(
            f"node is {version.strip()}, older than {NODE_MAJOR}: the bidder was NOT tested"
        )
    folder = tmp_path_factory.mktemp("node") / "bidder"
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("node_modules"))
    installed = subprocess.run(
        [npm, "ci", "--ignore-scripts"],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=110,
    )
    if installed.returncode:
        last = installed.stderr.strip().splitlines()[-1:]
        pytest.skip(f"npm ci could not fetch the packages, so the bidder was NOT tested: {last}")
    return folder


def run(folder: Path) -> list[Any]:
    """Run the bidder once; it must end well."""
    environment = {"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1"}
    ran = subprocess.run(
        ["node", "bidder.mjs", "config.json"],
        check=False,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


async def test_the_node_bidder_registers_reads_and_bids(live: LiveMarket, bidder: Path) -> None:
    stroller, _ = await live.post(Need(title="Twin stroller – für Zwillinge", category="baby"))
    cheap = AskingPrice(kind="ceiling", amount=20_000, currency="USD")
    await live.post(Need(title="Stroller, used", category="baby"), price=cheap)
    await live.post(Need(title="Car seat", category="baby"))
    live.publish()
    key = crypto.SigningKey.generate()
    (bidder / "seed.hex").write_text(key.seed.hex())
    config = json.loads((bidder / "config.example.json").read_text()) | {"market": live.url}
    (bidder / "config.json").write_text(json.dumps(config))
    (told,) = run(bidder)
    assert (told["request"], told["amount"]) == (stroller, 24_900)
    async with VendorClient(live.url, key) as client:
        (own,) = [bid async for bid in client.my_bids()]
        assert (own.digest, own.state) == (told["bid"], "live")
        assert (await client.profile()).name == "Node Strollers"


def test_the_lock_file_names_no_registry() -> None:
    text = (SOURCE / "package-lock.json").read_text()
    assert "resolved" not in text
    assert "integrity" in text
