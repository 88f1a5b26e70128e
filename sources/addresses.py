"""Made-up addresses of customers who have their clothes brought home."""

from typing import NamedTuple

import numpy as np

# Township or town, city, region, and how many of a hundred deliveries go there.
TOWNSHIPS = (
    ("Sanchaung", "Yangon", "Yangon Region", 12),
    ("Kamayut", "Yangon", "Yangon Region", 12),
    ("Hlaing", "Yangon", "Yangon Region", 11),
    ("Bahan", "Yangon", "Yangon Region", 9),
    ("Tamwe", "Yangon", "Yangon Region", 9),
    ("Yankin", "Yangon", "Yangon Region", 8),
    ("Thingangyun", "Yangon", "Yangon Region", 7),
    ("Insein", "Yangon", "Yangon Region", 6),
    ("South Okkalapa", "Yangon", "Yangon Region", 6),
    ("Lanmadaw", "Yangon", "Yangon Region", 5),
    ("Thanlyin", "Thanlyin", "Yangon Region", 3),
    ("Oakthar Myothit", "Bago", "Bago Region", 4),
    ("Chanayethazan", "Mandalay", "Mandalay Region", 4),
    ("Zabuthiri", "Naypyidaw", "Naypyidaw Union Territory", 2),
    ("Zayyarmon", "Mawlamyine", "Mon State", 2),
)
STREETS = (
    "Bagaya Road", "Baho Road", "Hledan Road", "Inya Road", "Kabar Aye Pagoda Road", "Kyaikkasan Road",
    "Lay Daungkan Road", "Padonma Street", "Pyay Road", "Shwegondaing Road", "Strand Road", "Thitsar Road",
    "Thukha Street", "University Avenue",
    "အောင်ဆန်းလမ်း", "ဗိုလ်ချုပ်လမ်း", "မဟာဗန္ဓုလလမ်း", "ရွှေတောင်ကြားလမ်း",
)  # fmt: skip
_REACH = np.cumsum([share for *_, share in TOWNSHIPS])


class Address(NamedTuple):
    """Where a purchase is brought to."""

    city: str
    region: str
    text: str


def address(draws: np.random.Generator) -> Address:
    """One address out of the shop's delivery area."""
    township, city, region, _ = TOWNSHIPS[int(np.searchsorted(_REACH, draws.integers(100), side="right"))]
    number, street = draws.integers(1, 200), STREETS[draws.integers(len(STREETS))]
    return Address(city, region, f"No. {number}, {street}, {township}, {city}")
