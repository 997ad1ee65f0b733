"""The vendor's rules file: TOML, ``[default]`` for all categories and ``[category.ID]`` for what differs.

An unknown key is refused with a hint, since a misspelt rule would silently not hold.
"""

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NoReturn

import msgspec
from msgspec import Meta

from vrm.documents.scalars import DeliveryWay, TermsId
from vrm.errors import VrmError
from vrm.money import parse_amount
from vrm.vendor.hints import hint

Percent = Annotated[int, Meta(ge=0, le=100)]
Charge = Annotated[int, Meta(ge=0)]


class RulesError(VrmError):
    """A rules file that cannot be read; the message names the table and the key."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to bid in one category. Amounts are minor units."""

    terms: Annotated[tuple[TermsId, ...], Meta(min_length=1)]
    """The customers' privacy terms that the vendor accepts."""

    delivery: Annotated[tuple[DeliveryWay, ...], Meta(min_length=1, max_length=3)]
    """The ways offered, the preferred one first."""

    lead_time_hours: Annotated[int, Meta(ge=0, le=8760)]
    """From the assignment to the goods in the customer's hands."""

    max_distance_km: Annotated[float, Meta(ge=0)] | None = None
    """No bid beyond it; without it the place's reach and the customer's radius alone decide."""

    strategy: Literal["list", "undercut"] = "list"
    """Under a ceiling ask the list price, or ``undercut_percent`` less than the ceiling."""

    undercut_percent: Percent = 0

    discount_percent: Percent = 0
    """The most to come down from the list price, for articles without a ``cost``."""

    margin_percent: Annotated[int, Meta(ge=0, le=10_000)] = 0
    """The least to earn on ``cost``, for articles that state it."""

    minimum_amount: Charge = 0
    """The smallest order worth while, all in."""

    delivery_charge: dict[DeliveryWay, Charge] = {}
    """What a way of delivery adds to the price; itemised in the bid."""

    overcommit_percent: Annotated[int, Meta(ge=1, le=10_000)] = 100
    """Units offered in open bids, in percent of the units in stock: not every bid wins."""

    accept: Literal["automatic", "by-hand"] = "automatic"
    """Whether `vendor run` accepts what was won as soon as the stock has it."""

    valid_days: Annotated[int, Meta(ge=0, le=365)] = 0
    """For so many days after the first cutoff a bid holds for a request that rolls over."""


_KEYS: Final = Rule.__struct_fields__


class Rules:
    """A rule for every category."""

    def __init__(self, default: Rule, categories: Mapping[str, Rule]) -> None:
        self.default = default
        self.categories = dict(categories)

    def for_category(self, category: str) -> Rule:
        return self.categories.get(category, self.default)


def read_rules(path: Path, *, digits: int, categories: Collection[str] | None = None) -> Rules:
    """Read a rules file; ``digits`` is the currency's number of minor digits.

    Where ``categories`` (the market's) are given, a table for another is refused.

    Raises:
        RulesError: the file cannot be read, or the first key at fault.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RulesError(f"{path.name}: {error.strerror or 'cannot be read'}.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RulesError(f"{path.name}: not TOML: {error}.") from None
    try:
        return _rules(tables, digits, categories)
    except RulesError as fault:
        raise RulesError(f"{path.name}: {fault}.") from None


def _rules(tables: dict[str, Any], digits: int, categories: Collection[str] | None) -> Rules:
    for name in tables:
        _check_known("the file", name, ("default", "category"))
    default = _table("[default]", tables.get("default"), digits)
    own: dict[str, Rule] = {}
    by_category = tables.get("category", {})
    if not isinstance(by_category, dict):
        _refuse("write a table [category.ID] for each category")
    for category, table in by_category.items():
        if categories is not None:
            _check_known("the market", category, categories)
        where = f"[category.{category}]"
        own[category] = _rule(where, default | _table(where, table, digits))
    return Rules(_rule("[default]", default), own)


def _table(where: str, table: object, digits: int) -> dict[str, Any]:
    if not isinstance(table, dict):
        _refuse(f"{where} is missing or no table")
    for key in table:
        _check_known(where, key, _KEYS)
    plain = dict(table)
    if "minimum_amount" in plain:
        plain["minimum_amount"] = _amount(where, "minimum_amount", plain["minimum_amount"], digits)
    charges = plain.get("delivery_charge")
    if isinstance(charges, dict):
        plain["delivery_charge"] = {
            way: _amount(where, f"delivery_charge.{way}", charge, digits)
            for way, charge in charges.items()
        }
    return plain


def _rule(where: str, table: dict[str, Any]) -> Rule:
    missing = [key for key in ("terms", "delivery", "lead_time_hours") if key not in table]
    if missing:
        _refuse(f"{where} lacks {', '.join(missing)}")
    try:
        return msgspec.convert(table, Rule)
    except msgspec.ValidationError as error:
        message, _, member = str(error).partition(" - at `$.")
        _refuse(f"{where} {member.rstrip('`')}: {message}")


def _amount(where: str, key: str, value: object, digits: int) -> int:
    if not isinstance(value, str):
        _refuse(f'{where} {key}: write the amount in quotes, as in "4.90"')
    try:
        return parse_amount(value, digits)
    except ValueError as error:
        _refuse(f"{where} {key}: {error}")


def _check_known(where: str, key: str, known: Collection[str]) -> None:
    if key not in known:
        _refuse(f"{where} does not know '{key}'; {hint(key, known)}")


def _refuse(fault: str) -> NoReturn:
    raise RulesError(fault)
