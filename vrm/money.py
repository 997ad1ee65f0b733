"""Amounts of money between people's decimal text and the protocol's minor units; never through a float."""

import re
from typing import Final

from vrm.documents import MarketCurrency
from vrm.documents.scalars import MAX_INTEGER

_DECIMAL: Final = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,4}))?")


def parse_amount(text: str, digits: int) -> int:
    """Read decimal text such as ``249.90`` as minor units of a currency with ``digits`` minor digits.

    Raises:
        ValueError: a sign, a comma, a currency sign, too many digits after the point, or no number at all.
    """
    found = _DECIMAL.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"write an amount such as {_example(digits)}")
    whole, fraction = found.group(1), found.group(2) or ""
    if len(fraction) > digits:
        raise ValueError(f"the currency has {digits} digits after the point")
    amount = int(whole + fraction.ljust(digits, "0"))
    if amount > MAX_INTEGER:
        raise ValueError("the amount is too large")
    return amount


def format_amount(amount: int, currency: MarketCurrency) -> str:
    """Write minor units for people, such as ``249.90 EUR``."""
    return f"{decimal_text(amount, currency.digits)} {currency.code}"


def decimal_text(amount: int, digits: int) -> str:
    """Write minor units as the decimal text that `parse_amount` reads."""
    if not digits:
        return str(amount)
    whole, fraction = divmod(amount, 10**digits)
    return f"{whole}.{fraction:0{digits}}"


def _example(digits: int) -> str:
    return decimal_text(1250 if digits < 4 else 125_000, digits)
