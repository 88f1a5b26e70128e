"""Commands that read figures: answers, verify."""

import sys
from datetime import date
from typing import TYPE_CHECKING

import click

from tillstream.cli.output import Day, amount, as_json, print_json, print_table
from tillstream.settings import load

if TYPE_CHECKING:
    from reports.answers import Answers

LISTED = 15  # stocks to act on; `--all` and `--json` have the rest


@click.command()
@click.option("--as-of", type=Day(), help="Only sales up to and including this business day.")
@click.option("--all", "whole", is_flag=True, help="List every stock to act on, not just the first.")
@as_json
def answers(as_of: date | None, whole: bool, json: bool) -> None:
    """The five answers: sales, best sellers, best seller per month, low stock, what to refill when."""
    from reports.answers import answers as read_answers

    found = read_answers(load(), as_of)
    if json:
        print_json(found)
        return
    most = None if whole else LISTED
    columns = ("period", "currency", "units", "revenue", "state")
    for title, periods in (("1. Monthly sales", found.monthly_sales), ("   Yearly sales", found.yearly_sales)):
        print_table(title, columns, ((p.period, p.currency, p.units, amount(p.revenue), p.state) for p in periods))
    sellers = ("period", "place", "product", "units", "revenue", "currency")
    for title, ranking in (
        ("2. What sells most", found.best_sellers),
        ("3. What sells most in which month", found.best_seller_by_month),
    ):
        print_table(
            title,
            sellers,
            ((s.period, s.rank, s.product_name, s.units, amount(s.revenue), s.currency) for s in ranking),
        )
    print_table(
        "4. Which stocks are low",
        ("store", "product", "on hand", "status", "why"),
        ((s.store_id, s.product_name, s.on_hand, s.status, s.why) for s in found.low_stock),
        most,
    )
    _print_refills(found, most)
    for layer in found.freshness:
        click.echo(f"{layer.layer}: as of {layer.as_of or 'nothing yet'}, {layer.events_behind:,} events behind")


def _print_refills(found: "Answers", most: int | None) -> None:
    if found.plan_issued_on is None:
        print_table(
            "5. What to refill in which month (what runs out at the rate of the last weeks)",
            ("month", "store", "product", "on hand", "runs out on"),
            ((r.month, r.store_id, r.product_name, r.on_hand, r.runs_out_on) for r in found.refill_by_month),
            most,
        )
        return
    print_table(
        f"5. What to refill in which month (plan of {found.plan_issued_on})",
        ("month", "store", "product", "pieces", "order by", "supplier", "cost", "why"),
        (
            (
                r.month, r.store_id, r.product_name, r.quantity, r.order_by, r.supplier,
                "" if r.cost is None else f"{amount(r.cost)} {r.currency}", r.reason,
            )
            for r in found.refill_by_month
        ),
        most,
    )  # fmt: skip


@click.command()
@as_json
def verify(json: bool) -> None:
    """Recounts the raw record on its own and compares every view with it, to the cent."""
    from reports.verify import verify as compare

    verdict = compare(load())
    if json:
        print_json(verdict)
    else:
        for difference in verdict.differences:
            click.echo(
                f"{difference.view} [{difference.key}] {difference.column}: "
                f"the raw record says {difference.expected}, the view says {difference.found}"
            )
        outcome = "every figure equals the raw record" if verdict.holds else f"{verdict.differing:,} figures differ"
        click.echo(f"{verdict.events:,} events recounted, {verdict.figures:,} figures compared: {outcome}.")
    if not verdict.holds:
        sys.exit(1)


COMMANDS = (answers, verify)
