"""`market audit-privacy`: does anything that the operator has tell who asked for what?"""

import tempfile
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from marketplace.audit.after import PROTECTIONS_AFTER, fill_after
from marketplace.audit.after_attacks import ATTACKS_AFTER
from marketplace.audit.after_evidence import gather_after
from marketplace.audit.evidence import gather
from marketplace.audit.measuring import Finding, measure
from marketplace.audit.world import PROTECTIONS, Plan, fill
from vrm import console

Part = Literal["posting", "after"]
USUAL: Final = {
    "posting": Plan(members=500, requests=2000, days=5, seed=1),
    "after": Plan(members=40, requests=120, days=2, seed=1),
}
"""What is played unless the caller says otherwise."""


def audit_privacy(
    members: Annotated[
        int | None, typer.Option(help="Who may post; 500, or 40 after assignments.", min=2)
    ] = None,
    requests: Annotated[
        int | None, typer.Option(help="What they post; 2000, or 120.", min=2)
    ] = None,
    days: Annotated[
        int | None, typer.Option(help="Over how many simulated days; 5, or 2.", min=1)
    ] = None,
    seed: Annotated[int, typer.Option(help="Who posts what, and when.")] = 1,
    part: Annotated[
        Part, typer.Option(help="What is played: posting, or what comes after an assignment.")
    ] = "posting",
    without: Annotated[
        str | None,
        typer.Option(
            help="Switch one protection off, to see the audit find the link: "
            f"{', '.join(PROTECTIONS)}; with --part after {', '.join(PROTECTIONS_AFTER)}."
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
    protections = PROTECTIONS if part == "posting" else PROTECTIONS_AFTER
    if without is not None and without not in protections:
        console.fail(f"{without} is no protection; there are {', '.join(protections)}.")
    usual = USUAL[part]
    plan = Plan(
        members=members or usual.members,
        requests=requests or usual.requests,
        days=days or usual.days,
        seed=seed,
        careless=without or "",
    )
    with tempfile.TemporaryDirectory(prefix="vrm-audit-") as folder:
        if part == "after":
            world = fill_after(Path(folder), plan)
            findings = measure(gather_after(world), world.authors, world.members, ATTACKS_AFTER)
        else:
            world = fill(Path(folder), plan)
            findings = measure(gather(world), world.authors, world.members)
    if as_json:
        console.print_json(
            {"requests": len(world.authors), "members": plan.members, "findings": findings}
        )
    else:
        _tell(findings)
    links = [finding for finding in findings if finding.breaks]
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
    for one in findings:
        if one.found and one.granted:
            console.out.print(f"{one.attack}: {one.granted}")
    console.out.print("0 is a blind guess among all who openly fit, 0.5 is certainty.")
