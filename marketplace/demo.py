"""One market day on this machine: market, vendors, customers and a referee, each a process of its own.

They share nothing but HTTP. The players are the programs of `vrm.demo`, which know nothing of this package;
the day is closed by the operator's own command, and the referee checks what was published.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
from rich.text import Text

from crypto.vault import Cost
from marketplace.errors import ConfigurationError, MarketError
from marketplace.new_market import write_home
from vrm import console, keyfile

ZONE = "America/Chicago"
CENTRE = "60601"
MARKER = ".vrm-demo"
PATIENCE_SECONDS = 60.0


def play(home: Path, *, requests: int, vendors: int, seed: int, as_json: bool) -> None:
    """Play one day and tell about it.

    Raises:
        ConfigurationError: the folder holds something that is no demo.
        MarketError: a player failed, or the referee found a difference.
    """
    started = time.monotonic()
    passphrase_file = _new_home(home)
    with _serving(home, passphrase_file) as url:
        _say(f"The market listens on {url}.")
        _player("vendors", url, home, "--phase", "register", "--count", vendors, "--seed", seed)
        posted = _player("customers", url, home, "--count", requests, "--seed", seed)
        _await_publication(url, posted["requests"], posted["withdrawn"])
        _say(f"{posted['requests']} requests are on the board, {posted['withdrawn']} taken back.")
        bidding = _player(
            "vendors", url, home, "--phase", "bid", "--count", vendors, "--seed", seed
        )
        bids = bidding["bidden"]["bids"]
        _await_mail(url, bids)
        chosen = _player("customers", url, home, "--phase", "prefer", "--seed", seed)
        _say(
            f"{bids} bids are in, and {chosen['preferred']} customers have put theirs into an order of "
            "their own. The operator closes the day."
        )
        _suspend(home, passphrase_file, bidding["bidden"]["to_suspend"])
        report = _run([*_market("resolve", home), "--json"], passphrase_file)
        verdict = _run(
            [*_python("vrm.demo.referee"), "--market", url, "--day", report["day"], "--json"]
        )
        stories = _stories(url, report["day"])
    summary = {
        "requests": report["requests"],
        "bids": report["bids"],
        "assigned": report["assigned"],
        "fallback": report["fallback"],
        "items_served_nearby": verdict.get("items_served_nearby"),
        "unfilled": report["unfilled"],
        "median_km": verdict.get("median_km"),
        "verified": verdict["verified"],
        "seconds": round(time.monotonic() - started, 1),
    }
    if as_json:
        console.print_json(summary)
    else:
        _tell(home, url, report["day"], summary, verdict, stories, posted)
    if not verdict["verified"]:
        raise MarketError(f"The referee found differences: {'; '.join(verdict['faults'][:3])}")


def _new_home(home: Path) -> Path:
    """Make the demo's market; answers where its passphrase lies."""
    if home.exists():
        if not (home / MARKER).exists():
            raise ConfigurationError(
                f"{home} exists and is no demo; name another folder by --home."
            )
        shutil.rmtree(home)
    home.mkdir(parents=True, mode=0o700)
    (home / MARKER).touch()
    passphrase = secrets.token_urlsafe(18)
    passphrase_file = home / "passphrase"
    keyfile.write_private(passphrase_file, passphrase.encode())
    write_home(
        home / "market",
        passphrase.encode(),
        cost=Cost.MINIMUM,  # the passphrase lies beside the file: nothing is gained by guessing slowly
        name="Chicago personal-request market",
        time_zone=ZONE,
        cutoffs=[_far_cutoff()],
        currency="USD",
        admission="open",
        bids_close_minutes=0,
        minimum_open_minutes=0,
        batch_seconds=1,
        batch_minimum=1,
    )
    return passphrase_file


def _far_cutoff() -> str:
    """A cutoff twelve hours away, so that the day closes when the demo says so and not before."""
    return (datetime.now(UTC) + timedelta(hours=12)).astimezone(ZoneInfo(ZONE)).strftime("%H:00")


@contextmanager
def _serving(home: Path, passphrase_file: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = (home / "market.log").open("wb")
    server = subprocess.Popen(  # noqa: S603
        [*_market("serve", home), "--port", str(port)],
        env=_environment(passphrase_file),
        stdout=log,
        stderr=log,
    )
    try:
        _await_ready(url, server, home / "market.log")
        yield url
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        log.close()


def _await_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(f"{url}/ready", timeout=2).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise MarketError(f"The market did not start; see {log}.")


def _await_publication(url: str, requests: int, withdrawn: int) -> None:
    """Wait until the batches hold what the customers posted, as a wallet would."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with httpx.Client(base_url=url) as client:
        while time.monotonic() < deadline:
            batches = _all(client, "/batches")
            published = sum(len(batch["requests"]) for batch in batches)
            taken_back = sum(len(batch["withdrawals"]) for batch in batches)
            if (published, taken_back) == (requests, withdrawn):
                return
            time.sleep(0.2)
    raise MarketError("The market did not publish what it promised.")


def _await_mail(url: str, bids: int) -> None:
    """Wait until the mail holds what vendors sent to the owners of the requests."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with httpx.Client(base_url=url) as client:
        while time.monotonic() < deadline:
            if sum(segment["messages"] for segment in _all(client, "/mail")) >= bids:
                return
            time.sleep(0.2)
    raise MarketError("The market did not carry the bids to the customers.")


def _stories(url: str, day: str) -> list[list[str]]:
    """Decisions in words: with competition for capacity, without, by a customer's own order, and by a brand."""
    with httpx.Client(base_url=url) as client:
        run = f"/runs/{quote(day, safe='')}"
        assignments = _all(client, f"{run}/assignments")
        own = {
            one["request"]: one["document"]["listed"] for one in _all(client, f"{run}/preferences")
        }
        chosen = [
            next((a for a in assignments if a["rank"] > 1 and a["reserve"]), None),
            next((a for a in assignments if a["rank"] == 1 and len(a["reserve"]) > 1), None),
            next((a for a in assignments if a["bid"] in own.get(a["request"], [])), None),
        ]
        told = []
        shipped = next(iter(_all(client, f"{run}/fallbacks")), None)
        for decision in filter(None, [*chosen, shipped]):
            request = decision["request"]
            board = {row["request"]: row["document"] for row in _all(client, f"{run}/requests")}
            answer = client.get(f"{run}/requests/{request}").raise_for_status().json()
            told.append([board[request]["need"]["title"], *answer["sentences"]])
        return told


def _all(client: httpx.Client, path: str) -> list[Any]:
    items: list[Any] = []
    cursor: str | None = None
    while True:
        query = {"limit": 1000} | ({"cursor": cursor} if cursor else {})
        page = client.get(path, params=query).raise_for_status().json()
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


def _player(name: str, url: str, home: Path, *arguments: object) -> dict[str, Any]:
    words = [*_python(f"vrm.demo.{name}"), "--market", url, "--home", str(home / name)]
    words += ["--centre", CENTRE, *map(str, arguments), "--json"]
    return _run(words)


def _run(words: list[str], passphrase_file: Path | None = None) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603
        words, env=_environment(passphrase_file), stdout=subprocess.PIPE, check=False, text=True
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise MarketError(f"{' '.join(words[1:4])} ended with code {done.returncode}.") from None
    return found


def _suspend(home: Path, passphrase_file: Path, dids: list[str]) -> None:
    """Let the operator suspend vendors that have bid, so that some requests have no eligible bid."""
    if dids:
        words = [
            *_market("suspend", home),
            "--reason",
            "Goods that do not exist (part of the demo)",
            *dids,
        ]
        subprocess.run(  # noqa: S603
            words, env=_environment(passphrase_file), stdout=subprocess.DEVNULL, check=True
        )


def _environment(passphrase_file: Path | None) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VRM_")}
    if passphrase_file is not None:
        inherited[keyfile.PASSPHRASE_FILE_VARIABLE] = str(passphrase_file)
    return inherited


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def _market(command: str, home: Path) -> list[str]:
    return [*_python("marketplace"), command, "--home", str(home / "market")]


def _say(line: str) -> None:
    console.note(line)


def _tell(
    home: Path,
    url: str,
    day: str,
    summary: dict[str, Any],
    verdict: dict[str, Any],
    stories: list[list[str]],
    posted: dict[str, Any],
) -> None:
    rows = [
        ("requests", summary["requests"]),
        ("bids", summary["bids"]),
        ("assigned", summary["assigned"]),
        ("brands' items, served nearby", summary["items_served_nearby"]),
        ("brands' items, shipped by the brand", summary["fallback"]),
        *((f"unfilled: {reason}", count) for reason, count in summary["unfilled"].items()),
        ("assigned by the customer's own order", str(verdict.get("by_own_order", 0))),
        ("first choices that were full", f"{verdict.get('first_choices_full', 0):.0%}"),
        ("median distance", f"{summary['median_km']} km"),
        ("checked again by the referee", "yes" if summary["verified"] else "NO"),
        ("seconds", summary["seconds"]),
    ]
    console.out.print(
        console.table([f"Market day {day}", ""], [(name, str(value)) for name, value in rows])
    )
    for title, *sentences in stories:
        console.out.print(Text(f"\n{title}", style="bold"))
        for sentence in sentences:
            console.out.print(Text(f"  {sentence}"))
    console.out.print(Text("\nWhat to try next", style="bold"))
    for line in _next_steps(home, url, posted):
        console.out.print(Text(f"  {line}"), soft_wrap=True)


def _next_steps(home: Path, url: str, posted: dict[str, Any]) -> list[str]:
    bin_folder = Path(sys.executable).parent
    market = f"--home {home}/market --passphrase-file {home}/passphrase"
    steps = [
        f"{bin_folder}/market status {market}",
        f"{bin_folder}/market serve {market} --port {url.rpartition(':')[2]}",
        f"    and, while it serves, open {url}/docs or ask a wallet:",
    ]
    brand = f"--home {home}/vendors/brand-1 --passphrase-file {home}/vendors/brand-1/passphrase"
    steps.append(f"{bin_folder}/vendor report {brand}")
    example = posted["example"]
    if example is not None:
        secret = f"--passphrase-file {example['passphrase_file']}"
        steps.append(f"{bin_folder}/vrm requests --home {example['home']} {secret}")
    return steps
