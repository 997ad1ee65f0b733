"""What the run froze of vendors: where their places are, what they can take, their bands, who is suspended."""

from collections import defaultdict

import numpy as np

from marketplace.bundle.lines import PlaceLine
from marketplace.reputation.rules import UNIT, Tally, band, prior_share, score
from marketplace.runs.rules import units_left
from marketplace.verify.day import Day, joined
from marketplace.verify.documents import EVIDENCE
from vrm.documents import Suspension


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
    """Compute every band again from the evidence."""
    findings = day.findings
    evidence = joined(day.evidence, EVIDENCE)
    for row in evidence[evidence["date"] > day.date.encode()]:
        findings.add("bands", f"evidence {row['digest'].decode()}", "it is of a later date")
    for row in evidence[evidence["weight"] != UNIT]:
        what = f"its weight is {row['weight']}, {UNIT} is right"
        findings.add("bands", f"evidence {row['digest'].decode()}", what)
    vendors, at, pieces = np.unique(evidence["vendor"], return_inverse=True, return_counts=True)
    good = np.zeros(len(vendors), dtype=np.int64)
    bad = np.zeros(len(vendors), dtype=np.int64)
    np.add.at(good, at, evidence["weight"] * evidence["good"])
    np.add.at(bad, at, evidence["weight"] * ~evidence["good"])
    prior = prior_share(Tally(int(good.sum()), int(bad.sum()), len(evidence)))
    tallies = {
        vendor.decode(): Tally(*own)
        for vendor, *own in zip(
            vendors.tolist(), good.tolist(), bad.tolist(), pieces.tolist(), strict=True
        )
    }
    for line in day.places:
        right = band(score(tallies.get(line.vendor, Tally()), prior))
        findings.expect("bands", f"{_name(line)}, band", line.band, right)
    findings.checked["evidence"] += len(evidence)


def _name(line: PlaceLine) -> str:
    return f"place {line.place} of {line.vendor}"
