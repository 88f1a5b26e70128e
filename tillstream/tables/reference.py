"""The shop and its products, as the owner describes them."""

from tillstream.tables.columns import PRODUCT
from tillstream.tables.declaration import COUNT, CURRENCY, DAY, MONEY, NAME, NUMBER, Column, Table

SHOP = Table(
    "shop",
    "One row: the setting that every figure depends on, fixed with the schema.",
    (Column("id", NUMBER, "always 1"),),
    (Column("timezone", "VARCHAR(64)", "IANA time zone of the business day"),),
)
SUPPLIERS = Table(
    "suppliers",
    "Who delivers.",
    (Column("supplier", NAME, "the supplier's name"),),
    (Column("lead_time_days", NUMBER, "days from order to delivery"),),
)
PRODUCTS = Table(
    "products",
    "Reference data of products.",
    (PRODUCT,),
    (
        Column("product_name", NAME, "display name"),
        Column("category", NAME, "group of products", nullable=True),
        Column("style", NAME, "clothing: the style", nullable=True),
        Column("size", "VARCHAR(40)", "clothing: the size", nullable=True),
        Column("colour", "VARCHAR(40)", "clothing: the colour", nullable=True),
        Column("supplier", NAME, "who delivers it", nullable=True),
        Column("unit_cost", MONEY, "what one piece costs to buy", nullable=True),
        Column("cost_currency", CURRENCY, "currency of the cost", nullable=True),
        Column("lead_time_days", NUMBER, "days from order to delivery, if other than the supplier's", nullable=True),
        Column("pack_size", NUMBER, "pieces per pack", nullable=True),
        Column("minimum_order", NUMBER, "least pieces per order", nullable=True),
        Column("reorder_level", COUNT, "order at or below this stock, as the owner set it", nullable=True),
        Column("discontinued_on", DAY, "not ordered from this day on", nullable=True),
    ),
    (("category",),),
)
