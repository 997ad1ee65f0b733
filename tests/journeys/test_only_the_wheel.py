"""A day verifies in an empty folder that has only the installed wheel and the bundle.

The wheel is unpacked, and Python runs without its site: what it imports of this project comes out of the
wheel, what the wheel depends on out of the environment's packages, and nothing from the folder that the tests
are in. No connection can be made.
"""

import gzip
import json
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.marketplace.verify.days import a_full_day, bundle_of
from tests.support import ClockedMarket

ROOT = Path(__file__).parents[2]
RUN = """
import runpy, socket, sys
wheel, packages, *words = sys.argv[1:]
sys.path[:] = [wheel, packages, *(p for p in sys.path if p.startswith((sys.base_prefix, sys.prefix)))]
def refuse(*_): raise OSError("no network")
socket.socket.connect = refuse
import crypto, marketplace, vrm
assert all(one.__file__.startswith(wheel) for one in (crypto, marketplace, vrm))
sys.argv = ["market", *words]
runpy.run_module("marketplace", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel, as an installer would leave it."""
    built = tmp_path_factory.mktemp("built")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (file,) = built.glob("*.whl")
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(file) as opened:
        opened.extractall(folder)
    packages = {part.name for part in folder.iterdir() if not part.name.endswith(".dist-info")}
    assert packages == {"crypto", "vrm", "marketplace"}
    return folder


def verify(wheel: Path, bundle: Path, *words: str) -> tuple[int, str]:
    """Run `market verify` in the bundle's folder; answers its exit code and what it says."""
    alone = [sys.executable, "-I", "-S", "-c", RUN, str(wheel), sysconfig.get_path("purelib")]
    done = subprocess.run(
        [*alone, "verify", bundle.name, *words],
        cwd=bundle.parent,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def with_another_price(bundle: bytes) -> bytes:
    """The same bundle, in which one bid is a little dearer."""
    lines = gzip.decompress(bundle).splitlines(keepends=True)
    at = next(at for at, line in enumerate(lines) if line.startswith(b'{"kind":"bid"'))
    bid: dict[str, Any] = json.loads(lines[at])
    amount = str(bid["document"]["price"]["amount"])
    lines[at] = lines[at].replace(f'"amount":{amount}'.encode(), f'"amount":{amount}1'.encode())
    return gzip.compress(b"".join(lines))


def check(wheel: Path, folder: Path, bundle: bytes) -> dict[str, Any]:
    """Verify an honest bundle and a changed one; answers what is said of the honest one."""
    folder.mkdir()
    honest = folder / "day.bundle"
    honest.write_bytes(bundle)
    assert [one.name for one in folder.iterdir()] == ["day.bundle"]
    code, said = verify(wheel, honest)
    assert (code, said.splitlines()[-1]) == (0, "verified")
    code, said = verify(wheel, honest, "--json")
    assert code == 0
    honest.write_bytes(with_another_price(bundle))
    code, lie = verify(wheel, honest)
    assert code == 1
    assert lie.splitlines()[-1].startswith("NOT verified: ")
    found: dict[str, Any] = json.loads(said)
    return found


async def test_a_day_with_everything_verifies_where_only_the_wheel_is(
    wheel: Path, sqlite_market: ClockedMarket, tmp_path: Path
) -> None:
    await sqlite_market.reset()
    bundle = await bundle_of(sqlite_market, await a_full_day(sqlite_market))
    found = check(wheel, tmp_path / "empty", bundle)
    assert (found["verified"], found["requests"], found["ticks"]) == (True, 6, 2)


@pytest.mark.long
@pytest.mark.timeout(600)  # a whole demo
def test_the_demos_day_verifies_where_only_the_wheel_is(wheel: Path, tmp_path: Path) -> None:
    words = ["--home", str(tmp_path / "demo"), "--requests", "60", "--vendors", "30", "--json"]
    played = subprocess.run(
        [sys.executable, "-m", "marketplace", "demo", *words],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    )
    [told, *_] = json.loads(played.stdout)["days"]
    assert told["verified"]
    assert told["accepted"] > 0
    found = check(wheel, tmp_path / "empty", Path(told["bundle"]).read_bytes())
    for count in ("requests", "bids", "assigned"):
        assert found[count] == told[count]
    assert found["checked"]["acceptances"] == told["accepted"]
