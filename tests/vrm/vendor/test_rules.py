"""The rules file."""

from pathlib import Path

import pytest

from vrm.vendor.rules import Rules, RulesError, read_rules

DEFAULT = '[default]\nterms = ["PDC-INTENT"]\ndelivery = ["ship"]\nlead_time_hours = 24\n'
EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


def read(folder: Path, text: str) -> Rules:
    path = folder / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return read_rules(path, digits=2, categories={"baby", "toys"})


def test_a_category_differs_only_where_it_says_so(tmp_path: Path) -> None:
    rules = read(tmp_path, DEFAULT + '[category.baby]\nminimum_amount = "15.00"\n')
    assert rules.for_category("baby").minimum_amount == 1500
    assert rules.for_category("baby").lead_time_hours == 24
    assert rules.for_category("toys") == rules.default


def test_the_example_is_a_rules_file() -> None:
    rules = read_rules(EXAMPLES / "rules.toml", digits=2, categories={"baby", "repair"})
    assert rules.for_category("baby").strategy == "undercut"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "[default] is missing"),
        ("[default]\n", "[default] lacks terms, delivery, lead_time_hours"),
        (DEFAULT + "lead_time = 3\n", "does not know 'lead_time'; did you mean lead_time_hours?"),
        (DEFAULT + "[categories.baby]\n", "does not know 'categories'; did you mean category?"),
        (DEFAULT + "[category.toy]\n", "does not know 'toy'; did you mean toys?"),
        (DEFAULT + "minimum_amount = 15.5\n", 'write the amount in quotes, as in "4.90"'),
        (DEFAULT + 'minimum_amount = "15,50"\n', "minimum_amount: write an amount such as 12.50"),
        (DEFAULT + 'delivery_charge = { ship = "x" }\n', "delivery_charge.ship"),
        (DEFAULT + 'delivery_charge = { sip = "1.00" }\n', "delivery_charge"),
        (DEFAULT + 'strategy = "dump"\n', "strategy"),
        (DEFAULT + "undercut_percent = 101\n", "undercut_percent"),
        (DEFAULT + "overcommit_percent = 1.5\n", "overcommit_percent"),
        (DEFAULT.replace("ship", "sail"), "delivery"),
        ("[default\n", "not TOML"),
    ],
)
def test_a_rule_at_fault_is_refused_with_a_hint(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RulesError) as refusal:
        read(tmp_path, text)
    assert said in str(refusal.value)
    assert str(refusal.value).startswith("rules.toml: ")
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="No such file"):
        read_rules(tmp_path / "none.toml", digits=2)
