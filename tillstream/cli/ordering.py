"""Commands that look ahead: forecast, plan."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tillstream.cli.output import Month, Number, amount, as_json, pieces, print_json, print_table
from tillstream.money import CURRENCY_PLACES
from tillstream.settings import load
from tillstream.shop_calendar import today, zone
from tillstream.stores import orders as order_book
from tillstream.stores.mysql import Cursor, reading

if TYPE_CHECKING:
    from reports.demand import Demand, Expected
    from reports.order_plan import OrderPlan, PlanLine

LISTED = 25  # products or lines; `--all` and `--json` have the rest
MONEY = Number("amount", 10**15, 2, "500000 or 1250.50")
every = click.option("--all", "whole", is_flag=True, help="List every one, not just the first.")


@click.command()
@click.option("--product", metavar="ID", help="One product, with its intervals and errors.")
@click.option("--month", type=Month(), help="One month, with intervals and errors.")
@click.option("--by-store", is_flag=True, help="By store, where there are several.")
@every
@as_json
def forecast(product: str | None, month: str | None, by_store: bool, whole: bool, json: bool) -> None:
    """What each product should sell, month by month, and how far that can be trusted."""
    from reports.demand import demand

    found = demand(load(), product, month, by_store=by_store)
    if json:
        print_json({"issue": found.issue, "methods": found.methods, "months": found.months})
        return
    most = None if whole else LISTED
    if product or month:
        _print_intervals(found, most)
    else:
        _print_overview(found, most)
    click.echo(
        f"Issued on {found.issue.issued_on}, from {found.issue.history_months} months of history; "
        f"methods: {', '.join(f'{method} {number:,}' for method, number in found.methods.items())}."
    )
    if found.without_season:
        click.echo(
            f"Products whose season is not known, with less than two years of history: {found.without_season:,}. "
            "`tillstream uplifts set MONTH FACTOR` tells the forecast what you expect of a month."
        )


def _print_overview(found: "Demand", most: int | None) -> None:
    """Products x months: the quantities."""
    months = sorted({each.month for each in found.months})
    table: dict[tuple[str, str], dict[str, Expected]] = defaultdict(dict)
    for each in found.months:
        table[each.product_id, each.store_id][each.month] = each
    ordered = sorted(table.values(), key=lambda row: -sum(each.quantity for each in row.values()))
    with_store = any(each.store_id for each in found.months)
    rows = [
        ["all", *[""] * with_store, *(pieces(sum(e.quantity for e in found.months if e.month == m)) for m in months)]
    ]
    for row in ordered:
        first = next(iter(row.values()))
        quantities = (pieces(row[m].quantity) if m in row else "" for m in months)
        rows.append([first.product_name, *[first.store_id] * with_store, *quantities])
    print_table("Pieces expected", ("product", *["store"] * with_store, *months), rows, most)


def _print_intervals(found: "Demand", most: int | None) -> None:
    """The errors are mean absolute ones at earlier origins, beside those of forecasts that anybody can make."""
    print_table(
        "Pieces expected; p10 to p90 holds in four of five cases; errors in pieces a month",
        (
            "month", "product", "store", "pieces", "p10", "p90", "method", "error", "of last year's", "of last month's",
            "season",
        ),
        (
            (
                e.month, e.product_name, e.store_id or "all", pieces(e.quantity), pieces(e.p10), pieces(e.p90),
                e.method, pieces(e.backtest_error), pieces(e.naive_error), pieces(e.last_month_error),
                "known" if e.season_known else "not known",
            )
            for e in found.months
        ),
        most,
    )  # fmt: skip


@click.command()
@click.option("--budget", type=MONEY, help="Spend at most so much, where it does most.")
@click.option("--currency", type=click.Choice(sorted(CURRENCY_PLACES)), metavar="CODE", help="Of the budget.")
@click.option("--supplier", metavar="NAME", help="One supplier's lines only.")
@click.option(
    "--csv", "csv_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the lines to this file."
)
@click.option(
    "--sheet", "folder", type=click.Path(file_okay=False, path_type=Path),
    help="Write a page to print per supplier into this folder.",
)  # fmt: skip
@click.option("--ordered", is_flag=True, help="Record the lines as ordered today, so that they are not ordered again.")
@every
@as_json
def plan(
    budget: Decimal | None, currency: str | None, supplier: str | None, csv_file: Path | None, folder: Path | None,
    ordered: bool, whole: bool, json: bool,
) -> None:  # fmt: skip
    """What to order now, how many, by when and why."""
    from reports.order_files import write_csv, write_sheets
    from reports.order_plan import totals

    if currency is not None and budget is None:
        raise click.UsageError("--currency says of which currency the --budget is.")
    settings = load()
    day = today(zone(settings.timezone))
    # Lines that are recorded are read where nobody else records any, and are recorded when the files are there.
    with order_book.alone(settings) if ordered else reading(settings, "operator") as cursor:
        found = _plan(cursor, supplier, budget, currency)
        if csv_file is not None:
            write_csv(found, csv_file)
            click.echo(f"{csv_file}: {len(found.to_order):,} lines", err=True)
        if folder is not None:
            for path in write_sheets(found, folder, day):
                click.echo(str(path), err=True)
        for line in found.to_order if ordered else ():
            order_book.put(cursor, order_book.Wish(line.product_id, line.quantity, day), line.store_id)
    if ordered:
        click.echo(
            f"Recorded as ordered on {day}: {len(found.to_order):,} lines. `tillstream orders list` shows them.",
            err=True,
        )
    if json:
        print_json({
            "issue": found.issue, "budget": found.budget, "budget_currency": found.budget_currency,
            "totals": totals(found.to_order), "lines": found.lines,
        })  # fmt: skip
    else:
        _print_plan(found, day, None if whole else LISTED)


def _plan(cursor: Cursor, supplier: str | None, budget: Decimal | None, currency: str | None) -> "OrderPlan":
    from reports.order_budget import limited
    from reports.order_plan import order_plan

    found = order_plan(cursor, supplier)
    return found if budget is None else limited(cursor, found, budget, currency)


def _print_plan(found: "OrderPlan", day: date, most: int | None) -> None:
    from reports.order_plan import totals

    left_out = [line for line in found.lines if not line.quantity]
    _print_lines("To order", found.to_order, most)
    if left_out:
        _print_lines("Not now", left_out, most)
    for currency, total in totals(found.to_order).items():
        of = f" of {Decimal(found.budget):,}" if found.budget and currency == found.budget_currency else ""
        click.echo(f"Total: {amount(total)}{of} {currency}")
    without = sum(line.cost is None for line in found.to_order)
    if without:
        click.echo(
            f"In no total, as their cost is not known: {without:,} lines. `tillstream products import FILE` tells it."
        )
    made = found.issue.created_at.date()
    old = " `tillstream status` says why there is none since." if (day - made).days > 2 else ""
    click.echo(f"Plan of {found.issue.issued_on}, made on {made}, less what was ordered since.{old}")


def _print_lines(title: str, lines: "Sequence[PlanLine]", most: int | None) -> None:
    """Two rows a line: a table would leave the reason, which is long, a narrow column."""
    if not lines:
        click.echo(f"{title}: none")
        return
    click.echo(f"{title}, by urgency and day:")
    stores = {line.store_id for line in lines}
    for line in lines[:most]:
        what = [f"{line.product_name} ({line.product_id})", line.supplier or "supplier not known"]
        what += [f"for {line.store_id}"] if len(stores) > 1 else []
        what += [] if line.cost is None else [f"{amount(line.cost)} {line.currency}"]
        click.echo(f"  {line.urgency:5}  {line.order_by or ''!s:10}  {line.quantity:>7,}  {', '.join(what)}")
        click.echo(f"{'':28}{line.reason}")
    if most is not None and len(lines) > most:
        click.echo(f"… and {len(lines) - most:,} more.")


COMMANDS = (forecast, plan)
