"""What docs/customers.md shows is true."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import typer.testing

from marketplace.market import Market
from tests.vrm.vendor.live import live_market
from tests.vrm.wallet.conftest import PASSPHRASE, make_wallet
from tests.vrm.wallet.test_wallet import RULES
from vrm.cli import app
from vrm.documents.scalars import Policy
from vrm.wallet.own import Status
from vrm.wallet.wishes import compose, read_wish

PAGE = (Path(__file__).parents[2] / "docs" / "customers.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_every_status_and_policy_is_explained() -> None:
    for word in (*get_args(Status), *get_args(Policy)):
        assert f"`{word}`" in PAGE


def test_every_command_and_option_that_is_shown_exists() -> None:
    runner = typer.testing.CliRunner(env={"COLUMNS": "200"})
    shown = [line for block in blocks("console") for line in block.splitlines() if "$ vrm" in line]
    assert shown
    for line in shown:
        words = line.removeprefix("$ vrm ").split()
        command = words[:2] if words[0] == "profile" else words[:1]
        told = runner.invoke(app, [*command, "--help"])
        assert told.exit_code == 0, line
        for option in (word for word in words if word.startswith("--")):
            assert option in told.output, line
    told = runner.invoke(app, ["request", "--help"])
    for option in re.findall(
        r"`(--[a-z-]+)", PAGE.partition("## Requests")[2].partition("\n## ")[0]
    ):
        assert option in told.output


def test_the_request_file_is_one(tmp_path: Path) -> None:
    file = tmp_path / "stroller.toml"
    file.write_text(blocks("toml")[0])
    wish = read_wish(file, {"category": "other"})
    request = compose(
        wish, RULES, cell="862664c1fffffff", pseudonym=RULES.market,
        reply_key="z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc",
    )  # fmt: skip
    assert request.price.amount == 25_000


def test_the_python_runs_as_it_stands(tmp_path: Path) -> None:
    names: dict[str, Any] = {}
    exec(blocks("python")[0], names)  # noqa: S102 - our own page
    with live_market(tmp_path / "market") as live:
        rules = Market.open(live.settings, live.identity).rules
        home = tmp_path / "wallet"
        wallet = make_wallet(home, rules, datetime.now(UTC), url=live.url, identity=live.identity)
        posted = asyncio.run(names["ask_and_look"](home, PASSPHRASE))
    [entry] = wallet.read().requests
    assert posted == [entry.digest]
    assert entry.promise is not None
