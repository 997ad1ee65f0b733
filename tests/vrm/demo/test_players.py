"""The demo's players, forked off one after the other."""

import json
import subprocess
import sys


def test_what_each_player_says_and_how_it_ends() -> None:
    asked = [
        ["referee", "--market", "http://127.0.0.1:9", "--json"],
        ["vendors", "--help"],
        ["customers", "--market", "http://127.0.0.1:9", "--home", "/nowhere", "--phase", "nothing"],
    ]
    done = subprocess.run(
        [sys.executable, "-m", "vrm.demo.players"],
        input="".join(json.dumps(words) + "\n" for words in asked),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [code for code, _ in answers] == [3, 0, 2]
    assert "--phase" in answers[1][1]
    assert "nothing" in done.stderr, "complaints go where they always go"
