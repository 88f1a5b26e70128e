"""Money is exact: text in, Decimal inside, text out."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillstream.money import CURRENCY_PLACES, DIGITS, PLACES, has_places, text


@pytest.mark.parametrize(
    ("amount", "places", "fits"),
    [
        ("700", 0, True), ("700.", 0, True), ("700.0", 0, False), ("700.5", 1, True), ("700.25", 1, False),
        ("700.25", 2, True), ("700.255", 2, False), ("0.00", 2, True),
    ],
)  # fmt: skip
def test_places_are_counted_as_written(amount: str, places: int, fits: bool) -> None:
    assert has_places(amount, places) is fits


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("700", "USD", "700.00"), ("700.00", "MMK", "700"), ("0", "USD", "0.00"), ("-0.05", "USD", "-0.05"),
        ("34465537.94", "USD", "34465537.94"), ("1E+3", "MMK", "1000"), ("9999999999999999999999.99", "USD",
         "9999999999999999999999.99"),
    ],
)  # fmt: skip
def test_an_amount_is_shown_with_its_currencys_places(amount: str, currency: str, shown: str) -> None:
    assert text(Decimal(amount), currency) == shown


@pytest.mark.parametrize(("amount", "currency"), [("700.5", "MMK"), ("0.001", "USD"), ("-0.5", "JPY")])
def test_an_amount_is_never_rounded(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match="has more places than"):
        text(Decimal(amount), currency)


@given(st.decimals(-(10**22) + 1, 10**22 - 1, places=2), st.sampled_from(sorted(CURRENCY_PLACES)))
def test_text_is_the_amount_or_nothing(amount: Decimal, currency: str) -> None:
    try:
        shown = text(amount, currency)
    except ValueError:
        assert CURRENCY_PLACES[currency] == 0
    else:
        assert Decimal(shown) == amount
        assert has_places(shown, CURRENCY_PLACES[currency])


def test_every_currency_fits_the_columns() -> None:
    assert set(CURRENCY_PLACES.values()) <= set(range(PLACES + 1))
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in CURRENCY_PLACES)
    assert len(text(Decimal(10) ** (DIGITS - PLACES) - Decimal("0.01"), "USD")) == DIGITS + 1
