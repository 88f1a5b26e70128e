"""What a men's clothing shop in Yangon sells: size runs, suppliers, categories, colours and styles. Prices in kyat."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SizeRun:
    """Sizes and how the demand spreads over them, in percent. One empty label: the product has no size."""

    labels: tuple[str, ...]
    shares: tuple[int, ...]


@dataclass(frozen=True)
class Supplier:
    """Who delivers, and how many days after the order when nothing goes wrong."""

    name: str
    lead_time_days: int


@dataclass(frozen=True)
class Category:
    """A group of styles. `cost_percent`: of the price. `second_piece`: percent of the lines with two pieces or more.

    `reorder_level`: the owner's own rule, if any.
    """

    name: str
    code: str
    sizes: SizeRun
    supplier: Supplier
    pack_size: int
    minimum_packs: int
    cost_percent: int
    second_piece: int
    reorder_level: int | None = None


@dataclass(frozen=True)
class StyleSheet:
    """A style as the owner thinks of it. `weight`: its share of the lines, in parts of the sum over all styles.

    Core styles stay for ever, the others are fashion. `local_name`: the name on the label where it is Burmese.
    """

    name: str
    category: Category
    colours: tuple[str, ...]
    price: int
    weight: float
    core: bool = False
    local_name: str = ""


LETTERS = SizeRun(("S", "M", "L", "XL", "XXL"), (14, 30, 31, 18, 7))
WAISTS = SizeRun(("28", "30", "32", "34", "36", "38", "40"), (8, 19, 26, 22, 14, 7, 4))
CHESTS = SizeRun(("46", "48", "50", "52", "54"), (17, 31, 28, 16, 8))
FEET = SizeRun(("39", "40", "41", "42", "43", "44"), (9, 20, 27, 24, 14, 6))
BELT_LENGTHS = SizeRun(("85", "95", "105", "115"), (18, 40, 30, 12))
NO_SIZE = SizeRun(("",), (100,))

HLAING = Supplier("Hlaing Garment Workshop", 10)
SHWE_TAUNG = Supplier("Shwe Taung Textiles", 14)
MANDALAY = Supplier("Mandalay Longyi House", 9)
GUANGZHOU = Supplier("Guangzhou Fine Menswear", 35)
BANGKOK = Supplier("Bangkok Denim Company", 21)
YUZANA = Supplier("Yuzana Leather Works", 12)
BOGYOKE = Supplier("Bogyoke Market Wholesale", 4)
SUPPLIERS = (HLAING, SHWE_TAUNG, MANDALAY, GUANGZHOU, BANGKOK, YUZANA, BOGYOKE)

# fmt: off
SHIRTS = Category("Shirts", "SH", LETTERS, SHWE_TAUNG, 3, 2, 58, 8)
TEES = Category("T-Shirts", "TS", LETTERS, HLAING, 6, 1, 52, 18)
POLOS = Category("Polo Shirts", "PO", LETTERS, HLAING, 4, 1, 55, 9)
TROUSERS = Category("Trousers", "TR", WAISTS, SHWE_TAUNG, 2, 2, 60, 6)
JEANS = Category("Jeans", "JE", WAISTS, BANGKOK, 2, 2, 62, 3)
SHORTS = Category("Shorts", "SO", LETTERS, HLAING, 4, 1, 54, 9)
LONGYI = Category("Longyi", "LO", NO_SIZE, MANDALAY, 5, 1, 61, 14)
TRADITIONAL = Category("Traditional Wear", "TW", LETTERS, MANDALAY, 2, 1, 57, 4)
JACKETS = Category("Jackets", "JA", LETTERS, GUANGZHOU, 2, 2, 56, 1)
SUITS = Category("Suits", "SU", CHESTS, GUANGZHOU, 1, 2, 55, 1)
SHOES = Category("Shoes", "FW", FEET, YUZANA, 2, 1, 59, 1)
SANDALS = Category("Sandals", "SD", FEET, YUZANA, 3, 1, 55, 4)
BELTS = Category("Belts", "BE", BELT_LENGTHS, YUZANA, 3, 1, 50, 3)
SOCKS = Category("Socks", "SK", NO_SIZE, BOGYOKE, 12, 1, 48, 45, 12)
UNDERWEAR = Category("Underwear", "UN", LETTERS, BOGYOKE, 6, 1, 52, 40, 3)
CAPS = Category("Caps", "CA", NO_SIZE, BOGYOKE, 6, 1, 50, 4)

COLOURS = {  # code of the product id, Burmese name on Burmese labels
    "White": ("WHT", "အဖြူ"), "Black": ("BLK", "အနက်"), "Navy": ("NVY", "နက်ပြာ"), "Blue": ("BLU", "အပြာ"),
    "Sky Blue": ("SKY", "မိုးပြာ"), "Grey": ("GRY", "မီးခိုး"), "Brown": ("BRN", "အညို"), "Beige": ("BEI", "နို့နှစ်"),
    "Green": ("GRN", "အစိမ်း"), "Olive": ("OLV", "အစိမ်းရင့်"), "Red": ("RED", "အနီ"), "Maroon": ("MAR", "နီညို"),
    "Purple": ("PUR", "ခရမ်း"), "Yellow": ("YEL", "အဝါ"), "Indigo": ("IND", "မဲနယ်"), "Tan": ("TAN", "အညိုနု"),
}

OPENING_STYLES = (
    StyleSheet("Oxford Shirt", SHIRTS, ("White", "Sky Blue", "Navy"), 28_000, 4.2, core=True),
    StyleSheet("Business Shirt", SHIRTS, ("White", "Sky Blue", "Grey"), 32_000, 3.6, core=True),
    StyleSheet("Linen Shirt", SHIRTS, ("White", "Beige"), 35_000, 2.0),
    StyleSheet("Checked Shirt", SHIRTS, ("Blue", "Red"), 26_000, 2.2),
    StyleSheet("Short Sleeve Shirt", SHIRTS, ("White", "Navy", "Olive"), 24_000, 3.0, core=True),
    StyleSheet("Denim Shirt", SHIRTS, ("Indigo", "Black"), 33_000, 1.4),
    StyleSheet("Basic T-Shirt", TEES, ("White", "Black", "Grey"), 9_500, 7.0, core=True),
    StyleSheet("V-Neck T-Shirt", TEES, ("White", "Black", "Navy"), 10_500, 4.0, core=True),
    StyleSheet("Printed T-Shirt", TEES, ("White", "Black"), 12_000, 3.2),
    StyleSheet("Striped T-Shirt", TEES, ("Navy", "Red"), 12_500, 2.0),
    StyleSheet("Sports T-Shirt", TEES, ("Black", "Blue", "Yellow"), 14_000, 2.4),
    StyleSheet("Pique Polo", POLOS, ("White", "Navy", "Black"), 18_500, 4.0, core=True),
    StyleSheet("Slim Polo", POLOS, ("Olive", "Maroon"), 19_500, 2.0),
    StyleSheet("Contrast Polo", POLOS, ("Navy", "Grey"), 21_000, 1.6),
    StyleSheet("Chino Trousers", TROUSERS, ("Beige", "Navy", "Black"), 32_000, 4.0, core=True),
    StyleSheet("Suit Trousers", TROUSERS, ("Black", "Grey"), 36_000, 2.4, core=True),
    StyleSheet("Cargo Trousers", TROUSERS, ("Olive", "Black"), 34_000, 1.8),
    StyleSheet("Slim Jeans", JEANS, ("Indigo", "Black"), 38_000, 3.8, core=True),
    StyleSheet("Straight Jeans", JEANS, ("Indigo", "Blue"), 36_000, 2.6, core=True),
    StyleSheet("Ripped Jeans", JEANS, ("Blue",), 42_000, 1.1),
    StyleSheet("Chino Shorts", SHORTS, ("Beige", "Navy"), 19_000, 2.4, core=True),
    StyleSheet("Sports Shorts", SHORTS, ("Black", "Blue"), 13_000, 1.8),
    StyleSheet("Cotton Longyi", LONGYI, ("Blue", "Green", "Maroon", "Brown", "Purple"), 14_500, 3.8, True, "ချည်ပုဆိုး"),
    StyleSheet("Silk Longyi", LONGYI, ("Red", "Purple", "Green"), 65_000, 0.8, core=True, local_name="ပိုးပုဆိုး"),
    StyleSheet("Kachin Longyi", LONGYI, ("Green", "Purple", "Red"), 22_000, 1.4, core=True, local_name="ကချင်ပုဆိုး"),
    StyleSheet("Yaw Longyi", LONGYI, ("Brown", "Indigo"), 26_000, 1.0, local_name="ယောပုဆိုး"),
    StyleSheet("Rakhine Longyi", LONGYI, ("Blue", "Maroon"), 24_000, 0.9, local_name="ရခိုင်ပုဆိုး"),
    StyleSheet("Taikpon Jacket", TRADITIONAL, ("Beige", "Black"), 48_000, 0.9, core=True, local_name="တိုက်ပုံ"),
    StyleSheet("Collarless Shirt", TRADITIONAL, ("White", "Beige"), 27_000, 1.6, core=True, local_name="ကော်လံကတုံးရှပ်"),
    StyleSheet("Rain Jacket", JACKETS, ("Navy", "Black"), 39_000, 0.9),
    StyleSheet("Bomber Jacket", JACKETS, ("Black", "Olive"), 58_000, 0.9, core=True),
    StyleSheet("Two-Piece Suit", SUITS, ("Black", "Navy"), 185_000, 0.5, core=True),
    StyleSheet("Leather Oxford Shoes", SHOES, ("Black", "Brown"), 62_000, 1.3, core=True),
    StyleSheet("Canvas Sneakers", SHOES, ("White", "Black"), 29_000, 1.9),
    StyleSheet("Loafers", SHOES, ("Brown",), 48_000, 0.9, core=True),
    StyleSheet("Velvet Slippers", SANDALS, ("Maroon", "Brown"), 15_000, 1.8, core=True, local_name="ကတ္တီပါဖိနပ်"),
    StyleSheet("Sport Sandals", SANDALS, ("Black",), 24_000, 1.0),
    StyleSheet("Leather Belt", BELTS, ("Black", "Brown"), 17_500, 1.8, core=True),
    StyleSheet("Canvas Belt", BELTS, ("Olive",), 9_000, 0.6),
    StyleSheet("Business Socks", SOCKS, ("Black", "Navy", "Grey"), 3_000, 4.0, core=True),
    StyleSheet("Sports Socks", SOCKS, ("White", "Black"), 3_500, 3.0, core=True),
    StyleSheet("Ankle Socks", SOCKS, ("White", "Grey"), 2_500, 2.4, core=True),
    StyleSheet("Cotton Briefs", UNDERWEAR, ("White", "Black"), 5_000, 4.0, core=True),
    StyleSheet("Boxer Shorts", UNDERWEAR, ("Navy", "Grey"), 6_500, 3.0, core=True),
    StyleSheet("Undershirt", UNDERWEAR, ("White",), 5_500, 3.0, core=True, local_name="စွပ်ကျယ်"),
    StyleSheet("Baseball Cap", CAPS, ("Black", "Navy", "Red"), 8_500, 1.4, core=True),
    StyleSheet("Bucket Hat", CAPS, ("Beige", "Black"), 11_000, 0.7),
)
LAUNCHED_STYLES = (  # in this order, over and over, the year of the launch behind the name
    StyleSheet("Mandarin Collar Shirt", SHIRTS, ("White", "Olive"), 31_000, 2.4),
    StyleSheet("Oversized T-Shirt", TEES, ("Black", "Beige", "Green"), 15_000, 3.6),
    StyleSheet("Relaxed Jeans", JEANS, ("Blue", "Black"), 43_000, 2.0),
    StyleSheet("Acheik Longyi", LONGYI, ("Red", "Yellow", "Purple"), 38_000, 1.4, local_name="အချိတ်ပုဆိုး"),
    StyleSheet("Textured Polo", POLOS, ("Brown", "White"), 23_000, 2.4),
    StyleSheet("Drawstring Trousers", TROUSERS, ("Grey", "Olive"), 33_000, 2.0),
    StyleSheet("Flannel Shirt", SHIRTS, ("Red", "Green"), 34_000, 1.8),
    StyleSheet("Linen Shorts", SHORTS, ("White", "Tan"), 22_000, 1.6),
    StyleSheet("Windbreaker", JACKETS, ("Blue", "Black"), 52_000, 1.0),
    StyleSheet("Retro Sneakers", SHOES, ("White", "Green"), 45_000, 1.4),
    StyleSheet("Graphic T-Shirt", TEES, ("White", "Purple"), 14_500, 3.0),
    StyleSheet("Festival Longyi", LONGYI, ("Green", "Maroon", "Blue"), 19_500, 1.6, local_name="ပွဲတော်ပုဆိုး"),
    StyleSheet("Cuban Collar Shirt", SHIRTS, ("Sky Blue", "Yellow"), 29_000, 2.2),
    StyleSheet("Knitted Polo", POLOS, ("Maroon", "Navy"), 26_000, 1.8),
)
# fmt: on
