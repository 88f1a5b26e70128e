"""A supplier's order as a page to print: HTML that needs nothing from outside, on A4, about 25 lines to a page."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from html import escape

from reports.order_plan import PlanLine, totals

# Whatever the machine has; the second half is for Burmese.
_FONTS = "system-ui, 'Segoe UI', 'DejaVu Sans', 'Noto Sans Myanmar', Padauk, 'Myanmar Text', 'Myanmar Sangam MN'"
_STYLE = f"""
@page {{ size: A4; margin: 10mm 12mm 10mm; }}
* {{ box-sizing: border-box; }}
body {{ font: 9pt/1.15 {_FONTS}, sans-serif; color: #111; max-width: 186mm; margin: 0 auto; }}
header {{ display: flex; justify-content: space-between; align-items: flex-end; gap: 8mm;
  border-bottom: 1.5pt solid #111; padding-bottom: 2mm; margin-bottom: 1.5mm; }}
h1 {{ font-size: 16pt; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }}
header p {{ margin: 0; color: #444; }}
.by {{ text-align: right; white-space: nowrap; }}
.by b {{ display: block; font-size: 12pt; color: #111; }}
table {{ width: 100%; border-collapse: collapse; }}
thead {{ display: table-header-group; }}
th {{ font-size: 7.5pt; font-weight: 600; text-align: left; color: #444; padding: 1mm 1.1mm; }}
thead tr {{ border-bottom: .75pt solid #111; }}
td {{ padding: .5mm 1.1mm 0; vertical-align: baseline; overflow-wrap: break-word; }}
.name {{ min-width: 40mm; overflow-wrap: anywhere; }}
.tall {{ line-height: 1.7; }}
tbody {{ break-inside: avoid; border-bottom: .4pt solid #aaa; }}
.n {{ text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }}
.m {{ font-size: 8pt; white-space: normal; }}
.q {{ font-weight: 700; font-size: 10pt; line-height: 1; }}
.small, .why td {{ color: #555; font-size: 6.5pt; line-height: 1.15; }}
.why td {{ padding-top: .2mm; padding-bottom: .5mm; }}
.day {{ white-space: nowrap; }}
.red {{ font-weight: 700; }}
.box {{ display: inline-block; width: 2.8mm; height: 2.8mm; border: .6pt solid #555; }}
footer {{ break-inside: avoid; display: flex; justify-content: space-between; gap: 8mm; padding-top: 2.5mm; }}
footer p {{ margin: 0; }}
.total {{ text-align: right; }}
.total b {{ display: block; font-size: 13pt; white-space: nowrap; }}
.hand {{ color: #444; font-size: 8.5pt; white-space: nowrap; }}
.hand span {{ display: inline-block; width: 34mm; border-bottom: .6pt solid #777; margin: 5mm 3mm 0 1mm; }}
@media screen {{ body {{ padding: 8mm; }} }}
"""


def order_sheet(supplier: str | None, lines: Sequence[PlanLine], today: date, issued_on: date) -> str:
    """The page of one supplier's lines; `today` is the day of the order, `issued_on` that of the plan."""
    title = escape(supplier or "Supplier not known")
    first = min((line.order_by for line in lines if line.order_by), default=None)
    by = f"<div class=by>order by<b>{max(first, today)}</b></div>" if first else ""
    several = len({line.store_id for line in lines}) > 1
    currencies = {line.currency for line in lines if line.currency}
    common = currencies.pop() if len(currencies) == 1 else None
    money = f", {common}" if common else ""
    place = "" if several else f", for {escape(lines[0].store_id)}"
    rows = "\n".join(_row(number, line, today, common, several=several) for number, line in enumerate(lines, 1))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Order {today}: {title}</title>
<style>{_STYLE}</style></head><body>
<header><div><p>Order of {today}{place}</p><h1>{title}</h1></div>{by}</header>
<table><thead><tr><th class=n>#</th><th>Product</th><th>Size, colour</th>{"<th>For</th>" * several}
<th class=n>Pieces</th><th class=n>Packs</th><th class=n>Unit cost{money}</th><th class=n>Cost{money}</th>
<th>Order by</th><th>Came</th></tr></thead>
{rows}
</table>
<footer><div><p class=hand>Ordered on<span></span>by<span></span></p>
<p class=small>From the plan of {issued_on}.</p></div><p class=total>{_total(lines)}</p></footer>
</body></html>
"""


def _row(number: int, line: PlanLine, today: date, common: str | None, *, several: bool) -> str:
    """A line and its reason. `common`: the currency that the head of the table names; `several`: stores."""
    tall = "" if line.product_name.isascii() else " tall"  # Burmese stacks its letters
    look = escape(", ".join(filter(None, (line.size, line.colour))))
    cells = [
        f"<td class=n>{number}</td>",
        f"<td class='name{tall}'><b>{escape(line.product_name)}</b></td>",
        f"<td>{look}</td>",
        f"<td>{escape(line.store_id)}</td>" * several,
        f"<td class='n q'>{line.quantity:,}</td>",
        f"<td class=n>{_packs(line)}</td>",
        f"<td class='n m'>{_money(line.unit_cost, line.currency, common)}</td>",
        f"<td class='n m'>{_money(line.cost, line.currency, common)}</td>",
        f"<td class='day {line.urgency}'>{_order_by(line, today)}</td>",
        "<td><span class=box></span></td>",
    ]
    why = f"<td></td><td colspan={8 + several}><b>{escape(line.product_id)}</b> {escape(line.reason)}</td>"
    return f"<tbody><tr>{''.join(cells)}</tr><tr class=why>{why}</tr></tbody>"


def _packs(line: PlanLine) -> str:
    return f"{line.packs:,} &times; {line.pack_size:,}" if line.pack_size > 1 else ""


def _order_by(line: PlanLine, today: date) -> str:
    if line.order_by is None:
        return ""
    return "at once" if line.order_by <= today else str(line.order_by)


def _money(plain: str | None, currency: str | None, common: str | None = None) -> str:
    """An amount, with its currency where that is not the common one."""
    if plain is None or currency is None:
        return ""
    return f"{Decimal(plain):,}" + (f" {currency}" if currency != common else "")


def _total(lines: Sequence[PlanLine]) -> str:
    pieces = sum(line.quantity for line in lines)
    without = sum(line.cost is None for line in lines)
    sums = "".join(f"<b>{_money(total, currency)}</b>" for currency, total in totals(lines).items())
    note = f"{without:,} without a known cost" if without else ""
    return f"{len(lines):,} line{'s' * (len(lines) != 1)}, {pieces:,} pieces{sums}{note}"
