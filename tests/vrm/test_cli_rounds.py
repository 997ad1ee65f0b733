"""`vrm sync`, `vrm watch` and `vrm calendar` at a real market over loopback."""

import json
import signal
import subprocess
import sys

from tests.vrm.conftest import STROLLER, Terminal
from tests.vrm.vendor.live import LiveMarket


def test_a_round_and_its_deadlines(at_home: Terminal, live: LiveMarket) -> None:
    vrm = at_home
    posted = vrm.json("request", *STROLLER, "--yes", "--needed-by", "2030-01-01")["request"]
    live.publish()
    told = vrm.json("sync", "--pause", "0")
    assert told["changes"] == [
        {"request": posted, "text": "Twin stroller: published (was pending)"}
    ]
    assert [one["kind"] for one in told["deadlines"]] == ["bids-close", "cutoff", "needed-by"]
    code, out, err = vrm("sync", "--pause", "0")
    assert (code, posted[:10] in out) == (0, False)
    assert "the market day closes" in out, "it closes within a day"
    assert "Nothing is new." in err
    assert vrm.json("sync", "--again", "--pause", "0")["changes"] == [], "it was read before"
    file = vrm.folder / "deadlines.ics"
    for _ in range(2):  # the second time in place of the first
        assert len(vrm.json("calendar", str(file))["deadlines"]) == 3
    assert file.read_bytes().count(b"BEGIN:VEVENT") == 3
    assert posted.encode() not in file.read_bytes()


def test_a_wallet_watches_until_it_is_interrupted(at_home: Terminal, live: LiveMarket) -> None:
    posted = at_home.json("request", *STROLLER, "--yes")["request"]
    live.publish()
    command = [sys.executable, "-c", "from vrm.cli import main; main()", "watch", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as watching:
        assert watching.stdout is not None
        first = json.loads(watching.stdout.readline())
        watching.send_signal(signal.SIGINT)
        out, err = watching.communicate(timeout=20)
    assert [change["request"] for change in first["changes"]] == [posted]
    assert (watching.returncode, err) == (130, "")
    assert "Traceback" not in out
