"""The vendor's stock file: CSV with a header, one row for each article and place.

Columns: ``sku, title, category, price, quantity`` must be there; ``gtin, brand, model, condition, unit,
cost, place`` may be. Every other column is an attribute in schema.org's spelling (``color``, ``size``).
Prices and costs are decimal text for one unit, with at most the currency's own number of digits.
"""

import csv
import difflib
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from vrm.documents.scalars import gtin_is_valid, text_is_clean
from vrm.errors import VrmError
from vrm.money import parse_amount
from vrm.vendor.hints import hint

REQUIRED: Final = ("sku", "title", "category", "price", "quantity")
OPTIONAL: Final = ("gtin", "brand", "model", "condition", "unit", "cost", "place")
CONDITIONS: Final = ("new", "refurbished", "used")

_COLUMNS: Final = REQUIRED + OPTIONAL
_ATTRIBUTE: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9]{0,39}")
_MAX_QUANTITY: Final = 1_000_000
_NOTHING_WORDS: Final = frozenset(
    ("a", "an", "and", "for", "in", "of", "or", "the", "with", "new", "refurbished", "used")
)


class StockError(VrmError):
    """A stock file that cannot be read; the message names file and line."""


class StockKey(NamedTuple):
    """One row of the stock: an article, at one place or (empty) wherever the vendor serves from."""

    sku: str
    place: str


@dataclass(frozen=True, kw_only=True)
class StockItem:
    """An article on the shelf. Amounts are minor units for one ``unit``."""

    sku: str
    title: str
    category: str
    price: int
    quantity: int
    condition: str = "new"
    unit: str = "piece"
    gtin: str = ""
    brand: str = ""
    model: str = ""
    place: str = ""
    cost: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> StockKey:
        return StockKey(self.sku, self.place)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word that describes the article, folded."""
        return words_of(self.title, self.brand, self.model, *self.attributes.values())


class Stock:
    """All articles, indexed by what a need can name, as they stood at ``as_of``."""

    def __init__(self, items: Iterable[StockItem], as_of: datetime) -> None:
        self.items = tuple(items)
        self.as_of = as_of
        self._by_gtin: dict[str, list[StockItem]] = defaultdict(list)
        self._by_model: dict[tuple[str, str], list[StockItem]] = defaultdict(list)
        self._by_category: dict[str, list[StockItem]] = defaultdict(list)
        for item in self.items:
            if item.gtin:
                self._by_gtin[item.gtin.zfill(14)].append(item)
            if item.brand and item.model:
                self._by_model[fold(item.brand), fold(item.model)].append(item)
            self._by_category[item.category].append(item)

    def with_gtin(self, gtin: str) -> list[StockItem]:
        """Tell the articles with a GTIN; 8, 12, 13 and 14 digits compare as 14 (GS1)."""
        return self._by_gtin.get(gtin.zfill(14), [])

    def with_model(self, brand: str, model: str) -> list[StockItem]:
        return self._by_model.get((fold(brand), fold(model)), [])

    def in_category(self, category: str) -> list[StockItem]:
        return self._by_category.get(category, [])


class _Known(NamedTuple):
    """What a stock file is checked against."""

    digits: int
    categories: Collection[str] | None
    places: Collection[str] | None


def read_stock(
    path: Path,
    *,
    digits: int,
    categories: Collection[str] | None = None,
    places: Collection[str] | None = None,
) -> Stock:
    """Read a stock file.

    ``digits`` is the currency's number of minor digits. Where ``categories`` (the market's) and ``places``
    (the vendor's) are given, a row that names another is refused.

    Raises:
        StockError: the file cannot be read, or the first row at fault and how many more there are.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        as_of = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
    except OSError as error:
        raise StockError(f"{path.name}: {error.strerror or 'cannot be read'}.") from None
    except UnicodeDecodeError:
        raise StockError(f"{path.name}: the file is not UTF-8 text.") from None
    known = _Known(digits, categories, places)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = _header(next(reader, []), path.name)
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise StockError(f"{path.name} line {reader.line_num}: {error}.") from None
    return Stock(_items(path.name, header, rows, known), as_of)


def fold(text: str) -> str:
    """Bring text to the form in which it compares: no case, no accents, single spaces."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def words_of(*texts: str) -> frozenset[str]:
    """Split texts into folded words, without articles and conditions, a plural's s cut off."""
    found = re.findall(r"\w+", fold(" ".join(texts)))
    return frozenset(_singular(word) for word in found if word not in _NOTHING_WORDS)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _header(names: list[str], file: str) -> list[str]:
    names = [name.strip() for name in names]
    if len(names) == 1 and ";" in names[0]:
        raise StockError(f"{file} line 1: separate the columns by commas, not semicolons.")
    for name in names:
        if name in _COLUMNS:
            continue
        near = difflib.get_close_matches(name.lower(), _COLUMNS, n=1, cutoff=0.8)
        if near:
            raise StockError(f"{file} line 1: column '{name}' is unknown; did you mean {near[0]}?")
        if not _ATTRIBUTE.fullmatch(name):
            raise StockError(f"{file} line 1: '{name}' is no column name (letters and digits).")
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise StockError(f"{file} line 1: the header lacks {', '.join(missing)}.")
    if len(set(names)) != len(names):
        raise StockError(f"{file} line 1: the header names a column twice.")
    return names


def _items(
    file: str,
    header: list[str],
    rows: list[tuple[int, list[str]]],
    known: _Known,
) -> list[StockItem]:
    faults: list[str] = []
    seen: dict[StockKey, int] = {}
    items: list[StockItem] = []
    for line, row in rows:
        try:
            item = _item(header, row, known.digits)
            _check_known(item, known)
            if item.key in seen:
                _refuse(f"sku '{item.sku}' at this place stands already in line {seen[item.key]}")
        except StockError as fault:
            faults.append(f"line {line}: {fault}")
            continue
        seen[item.key] = line
        items.append(item)
    if faults:
        more = f" ({len(faults) - 1} more rows are at fault)" if len(faults) > 1 else ""
        raise StockError(f"{file} {faults[0]}.{more}")
    return items


def _item(header: list[str], row: list[str], digits: int) -> StockItem:
    if len(row) != len(header):
        _refuse(f"{len(row)} cells stand under {len(header)} columns")
    cells = {
        name: unicodedata.normalize("NFC", cell.strip())
        for name, cell in zip(header, row, strict=True)
    }
    for name, cell in cells.items():
        if not text_is_clean(cell):
            _refuse(f"{name} holds a control character")
    for name in REQUIRED:
        if not cells[name]:
            _refuse(f"{name} is empty")
    condition = cells.get("condition") or "new"
    if condition not in CONDITIONS:
        _refuse(f"condition '{condition}' is none of {', '.join(CONDITIONS)}")
    gtin = cells.get("gtin", "").replace("-", "").replace(" ", "")
    if gtin and not (gtin.isdecimal() and len(gtin) in {8, 12, 13, 14} and gtin_is_valid(gtin)):
        _refuse(f"gtin '{gtin}' is no GTIN (8, 12, 13 or 14 digits, the last one a check digit)")
    return StockItem(
        sku=cells["sku"],
        title=cells["title"],
        category=cells["category"],
        price=_amount("price", cells["price"], digits),
        quantity=_quantity(cells["quantity"]),
        condition=condition,
        unit=cells.get("unit") or "piece",
        gtin=gtin,
        brand=cells.get("brand", ""),
        model=cells.get("model", ""),
        place=cells.get("place", ""),
        cost=_amount("cost", cells["cost"], digits) if cells.get("cost") else None,
        attributes={n: cell for n, cell in cells.items() if cell and n not in _COLUMNS},
    )


def _check_known(item: StockItem, known: _Known) -> None:
    for name, value, allowed in (
        ("category", item.category, known.categories),
        ("place", item.place, known.places),
    ):
        if value and allowed is not None and value not in allowed:
            _refuse(f"{name} '{value}' is unknown; {hint(value, allowed)}")


def _amount(column: str, text: str, digits: int) -> int:
    try:
        return parse_amount(text, digits)
    except ValueError as error:
        _refuse(f"{column} '{text}': {error}")


def _quantity(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= _MAX_QUANTITY):
        _refuse(f"quantity '{text}' is no whole number from 0 to {_MAX_QUANTITY}")
    return int(text)


def _refuse(fault: str) -> NoReturn:
    raise StockError(fault)
