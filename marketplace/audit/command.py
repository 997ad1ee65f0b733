"""`market audit-privacy`: does anything that the operator has tell who asked for what?"""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from marketplace.audit.evidence import gather
from marketplace.audit.measuring import Finding, measure
from marketplace.audit.world import PROTECTIONS, Plan, fill
from vrm import console


def audit_privacy(
    members: Annotated[int, typer.Option(help="Who may post.", min=2)] = 500,
    requests: Annotated[int, typer.Option(help="What they post.", min=2)] = 2000,
    days: Annotated[int, typer.Option(help="Over how many simulated days.", min=1)] = 5,
    seed: Annotated[int, typer.Option(help="Who posts what, and when.")] = 1,
    without: Annotated[
        str | None,
        typer.Option(
            help=f"Switch one protection off, to see the audit find the link: {', '.join(PROTECTIONS)}."
        ),
    ] = None,
    as_json: console.Json = False,
) -> None:
    """Play the operator who wants to know who asked for what.

    A market is filled over HTTP by the released wallet, and every attack that is known here is made on its
    database, its logs, its published data and on whatever the calls carried. Nothing is asked of your own
    market. Exit code 1 if an attack links better than a blind guess.

    Example: market audit-privacy --members 100 --requests 400 --days 2
    """
    if without is not None and without not in PROTECTIONS:
        console.fail(f"{without} is no protection; there are {', '.join(PROTECTIONS)}.")
    plan = Plan(members=members, requests=requests, days=days, seed=seed, careless=without or "")
    with tempfile.TemporaryDirectory(prefix="vrm-audit-") as folder:
        world = fill(Path(folder), plan)
        findings = measure(gather(world), world.authors, world.members)
    if as_json:
        console.print_json(
            {"requests": len(world.authors), "members": members, "findings": findings}
        )
    else:
        _tell(findings)
    links = [finding for finding in findings if finding.found]
    if links:
        names = ", ".join(f"{one.attack} ({one.links})" for one in links)
        console.fail(f"Linked by: {names}.")


def _tell(findings: list[Finding]) -> None:
    headings = ("attack", "links to", "advantage", "95 % interval", "compared", "crowd")
    rows = [
        (
            one.attack,
            "its member" if one.links == "member" else "another request",
            f"{one.advantage:+.3f}",
            f"{one.low:+.3f} to {one.high:+.3f}",
            f"{one.compared:,}",
            f"{one.crowd:g}",
        )
        for one in findings
    ]
    console.out.print(console.table(headings, rows))
    console.out.print("0 is a blind guess among all who openly fit, 0.5 is certainty.")
