"""Money: decimal text in, exact Decimal inside, decimal text out. Never a float.

Figures are DECIMAL(24, 2) in every store, so a currency has at most two places.
"""

from decimal import Decimal

DIGITS, PLACES = 24, 2

# ISO 4217 minor units. Currencies with three places (BHD, KWD, OMR, TND …) do not fit PLACES and are refused.
CURRENCY_PLACES = {
    "AED": 2, "AUD": 2, "BDT": 2, "BRL": 2, "CAD": 2, "CHF": 2, "CNY": 2, "CZK": 2, "DKK": 2, "EUR": 2, "GBP": 2,
    "HKD": 2, "IDR": 2, "ILS": 2, "INR": 2, "JPY": 0, "KHR": 2, "KRW": 0, "LAK": 2, "LKR": 2, "MMK": 0, "MXN": 2,
    "MYR": 2, "NOK": 2, "NPR": 2, "NZD": 2, "PHP": 2, "PKR": 2, "PLN": 2, "SAR": 2, "SEK": 2, "SGD": 2, "THB": 2,
    "TRY": 2, "TWD": 2, "USD": 2, "VND": 0, "ZAR": 2,
}  # fmt: skip


def has_places(amount: str, places: int) -> bool:
    """Whether decimal text has at most so many places: '11.95' has two, '700' has none."""
    point = amount.find(".")
    return point < 0 or len(amount) - point - 1 <= places


def text(amount: Decimal, currency: str) -> str:
    """The amount with the currency's own places: Decimal('700.00') MMK is '700'.

    Raises ValueError if that would round.
    """
    shown = amount.quantize(Decimal(1).scaleb(-CURRENCY_PLACES[currency]))
    if shown != amount:
        raise ValueError(f"{amount} has more places than {currency} allows")
    return str(shown)
