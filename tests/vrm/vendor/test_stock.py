"""The stock file."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrm.money import decimal_text, parse_amount
from vrm.vendor.stock import StockError, read_stock

HEADER = "sku,title,category,price,quantity,gtin,brand,model,condition,unit,cost,place,color\n"
EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


def stock_of(folder: Path, text: str, digits: int = 2) -> str:
    path = folder / "stock.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StockError) as refusal:
        read_stock(path, digits=digits, categories={"baby", "toys"}, places={"shop"})
    return str(refusal.value)


def test_a_row_is_read_with_attributes_and_defaults(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    path.write_text(HEADER + "S1,Twin stroller,baby,249.9,3,,,,,,171.00,shop,navy\n")
    (item,) = read_stock(path, digits=2).items
    assert (item.price, item.cost, item.quantity) == (24990, 17100, 3)
    assert (item.condition, item.unit, item.place) == ("new", "piece", "shop")
    assert item.attributes == {"color": "navy"}


def test_the_example_is_a_stock_file() -> None:
    stock = read_stock(EXAMPLES / "stock.csv", digits=2, categories={"baby", "repair"})
    assert len(stock.items) == 5


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("S,T,baby,12,5,,,,,,,,,", "14 cells stand under 13 columns"),
        ('S,T,baby,"12,50",5,,,,,,,,', "price '12,50': write an amount such as 12.50"),
        ("S,T,baby,-1,5,,,,,,,,", "price '-1'"),
        ("S,T,baby,1e3,5,,,,,,,,", "price '1e3'"),
        ("S,T,baby,12.505,5,,,,,,,,", "the currency has 2 digits after the point"),
        ("S,T,baby,12.50,2.5,,,,,,,,", "quantity '2.5' is no whole number"),
        ("S,T,baby,12.50,٣,,,,,,,,", "quantity '٣' is no whole number"),
        ("S,T,baby,12.50,1,2000000100013,,,,,,,", "gtin '2000000100013' is no GTIN"),
        ("S,T,baby,12.50,1,,,,mint,,,,", "condition 'mint' is none of new, refurbished, used"),
        ("S,T,babies,12.50,1,,,,,,,,", "category 'babies' is unknown; did you mean baby?"),
        ("S,T,baby,12.50,1,,,,,,,shoppe,", "place 'shoppe' is unknown; did you mean shop?"),
        ("S,,baby,12.50,1,,,,,,,,", "title is empty"),
        ("S,T\u202e,baby,12.50,1,,,,,,,,", "title holds a control character"),
    ],
)
def test_a_row_at_fault_is_named_by_its_line(tmp_path: Path, row: str, said: str) -> None:
    message = stock_of(tmp_path, HEADER + "G,Good,baby,1.00,1,,,,,,,,\n" + row + "\n")
    assert message.startswith("stock.csv line 3: ")
    assert said in message


def test_only_the_first_of_several_faults_is_told_with_their_number(tmp_path: Path) -> None:
    message = stock_of(tmp_path, HEADER + "A,T,baby,x,1,,,,,,,,\nB,T,baby,y,1,,,,,,,,\n")
    assert "line 2" in message
    assert message.endswith("(1 more rows are at fault)")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("sku,title,category,price\n", "the header lacks quantity"),
        ("sku,title,category,price,qantity\n", "did you mean quantity?"),
        ("sku;title;category;price;quantity\n", "commas, not semicolons"),
        ("sku,title,category,price,quantity,sku\n", "names a column twice"),
        ("sku,title,category,price,quantity,colour (EU)\n", "is no column name"),
        ("", "the header lacks"),
    ],
)
def test_a_header_at_fault_is_refused_with_a_hint(tmp_path: Path, header: str, said: str) -> None:
    assert said in stock_of(tmp_path, header)


def test_an_article_twice_at_one_place_is_refused(tmp_path: Path) -> None:
    row = "S,T,baby,1.00,1,,,,,,,shop,\n"
    assert "stands already in line 2" in stock_of(tmp_path, HEADER + row + row)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StockError, match="No such file"):
        read_stock(tmp_path / "none.csv", digits=2)
    (tmp_path / "latin.csv").write_bytes(b"sku,title\n\xe4")
    with pytest.raises(StockError, match="not UTF-8"):
        read_stock(tmp_path / "latin.csv", digits=2)


@given(st.integers(0, 10**12), st.integers(0, 4))
def test_amounts_survive_their_decimal_text(amount: int, digits: int) -> None:
    text = decimal_text(amount, digits)
    assert parse_amount(text, digits) == amount
    assert Decimal(text).scaleb(digits) == amount
