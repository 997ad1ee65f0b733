"""What the run froze of vendors: where their places are, what they can take, their bands, who is suspended."""

from collections import defaultdict
from typing import Final

import numpy as np

from marketplace.bundle.lines import PlaceLine
from marketplace.reputation.columns import (
    day_sums,
    full_values,
    market_tally,
    tallies,
    weights,
)
from marketplace.reputation.rules import (
    Kind,
    Score,
    Tally,
    kind_of,
    prior_share,
    share_of,
    stated,
)
from marketplace.resolver.tables import I64
from marketplace.runs.rules import leads_left, units_left
from marketplace.verify.day import Day, joined
from marketplace.verify.documents import EVIDENCE, Block
from marketplace.verify.findings import Findings
from marketplace.verify.quotas import ON_WORD
from vrm.documents import Suspension
from vrm.documents.membership import TIERS, Tier

_TIERS: Final[dict[bytes, Tier | None]] = {b"": None} | {tier.encode(): tier for tier in TIERS}


def check_places(day: Day) -> None:
    """Compare each place with the signed profile and Capacity that counted."""
    findings = day.findings
    first_of_date = "#" not in day.header.day
    for line in day.places:
        name = _name(line)
        profile = day.profiles.get(line.profile)
        if profile is None or profile.vendor != line.vendor:
            findings.add("places", name, "there is no signed profile of it")
            continue
        place = next((one for one in profile.places if one.id == line.place), None)
        if place is None:
            findings.add("places", name, "its vendor's profile has no such place")
            continue
        stated = (line.lat_e6, line.lng_e6, line.reach_m)
        findings.expect("places", name, stated, (place.lat_e6, place.lng_e6, place.reach_m))
        capacity = day.capacities.get((line.vendor, line.place))
        if capacity is not None and capacity.date != day.date:
            findings.add("capacities", name, f"its Capacity is for {capacity.date}")
            continue
        said = place.capacity if capacity is None else capacity.units
        right = units_left(said, line.awarded)
        findings.expect("capacities", f"{name}, units", line.units, right)
        if first_of_date:
            findings.expect("capacities", f"{name}, awarded before", line.awarded, 0)
        elif line.awarded:
            findings.on_word["units awarded by earlier runs of the date"] += 1
    findings.checked["places"] += len(day.places)


def check_suspensions(day: Day) -> None:
    """Compare each vendor's and principal's state with the signed decision that counted."""
    findings = day.findings
    decisions: dict[str, list[Suspension]] = defaultdict(list)
    for decision in day.suspensions:
        decisions[decision.vendor].append(decision)
    for vendor, those in decisions.items():
        numbers = [decision.seq for decision in those]
        if numbers != list(range(1, len(numbers) + 1)):
            findings.add("suspensions", vendor, f"of its decisions only {numbers} are there")
    stated = {line.vendor: line.suspended for line in day.places}
    asked = day.requests[day.requests["version"] != b""]
    for version, suspended in zip(
        asked["version"].tolist(), asked["suspended"].tolist(), strict=True
    ):
        if (item := day.items.get(version.decode())) is not None:
            stated[item.principal] = suspended
    for vendor, suspended in stated.items():
        counts = decisions[vendor][-1].suspended if decisions[vendor] else False
        if suspended and not counts:
            findings.add("suspensions", vendor, "it is suspended, and no decision says so")
        elif counts and not suspended:
            findings.add("suspensions", vendor, "a decision suspends it, and it is not suspended")
    findings.checked["suspensions"] += len(day.suspensions)


def check_bands(day: Day) -> None:
    """Compute every weight and every band again from the evidence, and who is a newcomer by it."""
    findings = day.findings
    findings.expect("bands", "the rules of reputation", day.rules.reputation, stated())
    evidence = joined(day.evidence, EVIDENCE)
    date = evidence["date"].astype("M8[D]").astype(np.int64)
    good = evidence["good"]
    _check_weights(findings, evidence, date)
    vendors, number = np.unique(evidence["vendor"], return_inverse=True)
    sums = day_sums(number, date, _kinds(evidence), evidence["weight"], good)
    today = int(np.datetime64(day.date, "D").astype(np.int64))
    prior = prior_share(market_tally(sums, today))
    found = tallies(sums, len(vendors), today)
    own = {vendor.decode(): one for vendor, one in zip(vendors.tolist(), found, strict=True)}
    for line in day.places:
        score = Score(own.get(line.vendor, Tally()), prior)
        findings.expect("bands", f"{_name(line)}, band", line.band, score.band)
        leads = leads_left(score.own.pieces, line.led, day.rules.newcomers)
        findings.expect("newcomers", f"{_name(line)}, leads", line.leads, leads)
        if line.led:
            findings.on_word[ON_WORD] += 1
    findings.checked["evidence"] += len(evidence)
    if given := int(np.count_nonzero(evidence["tier"] != b"")):
        findings.on_word["tiers of the customers whose word counted"] += given


def _kinds(evidence: Block) -> I64:
    names = ("tier", "good", "directed")
    rows = list(zip(*(evidence[name].tolist() for name in names), strict=True))
    kinds: dict[tuple[bytes, bool, bool], Kind] = {
        (tier, good, directed): kind_of(_TIERS[tier], good=good, directed=directed)
        for tier, good, directed in set(rows)
    }
    return np.array([kinds[row] for row in rows], dtype=np.int64)


def _check_weights(findings: Findings, evidence: Block, date: I64) -> None:
    """Weigh each piece again by whose word it is and by its amount."""
    kinds = list(zip(evidence["tier"].tolist(), evidence["good"].tolist(), strict=True))
    shares = {(tier, good): share_of(_TIERS[tier], good=good) for tier, good in set(kinds)}
    share = np.array([shares[kind] for kind in kinds], dtype=np.int64)
    _, category = np.unique(evidence["category"], return_inverse=True)
    amount = evidence["amount"]
    right = weights(share, amount, full_values(category, date, amount))
    for at in np.flatnonzero(right != evidence["weight"]).tolist():
        row = evidence[at]
        what = f"its weight is {row['weight']}, {right[at]} is right"
        findings.add("bands", f"evidence {row['digest'].decode()}", what)


def _name(line: PlaceLine) -> str:
    return f"place {line.place} of {line.vendor}"
