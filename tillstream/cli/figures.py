"""Commands that read figures: answers, verify, explain."""

import sys
from datetime import date

import click

from tillstream.cli.output import Day, Month, amount, as_json, print_json, print_table
from tillstream.settings import load

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
    print_table(
        "5. What to refill in which month (what runs out at the rate of the last weeks)",
        ("month", "store", "product", "on hand", "runs out on"),
        ((r.month, r.store_id, r.product_name, r.on_hand, r.runs_out_on) for r in found.refill_by_month),
        most,
    )
    for layer in found.freshness:
        click.echo(f"{layer.layer}: as of {layer.as_of or 'nothing yet'}, {layer.events_behind:,} events behind")


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


@click.command()
@click.option("--month", type=Month(), required=True, metavar="YYYY-MM", help="The business month.")
@click.option("--product", metavar="ID", help="One product; without it, all.")
@as_json
def explain(month: str, product: str | None, json: bool) -> None:
    """A figure down to its receipts: raw events, conflicts, rejects, restatements, generation, code version."""
    from reports.explanation import explain as read_explanation

    found = read_explanation(load(), month, product)
    if json:
        print_json(found)
        return
    print_table(
        f"{month}, {product or 'all products'}: as shown, and as its receipts add up",
        ("currency", "units", "revenue", "units of receipts", "revenue of receipts", "lines", "state"),
        (
            (
                f.currency,
                f.units,
                amount(f.revenue),
                f.units_of_receipts,
                amount(f.revenue_of_receipts),
                f.lines,
                f.state,
            )
            for f in found.figures
        ),
    )
    generation = "none yet" if found.generation is None else f"{found.generation}, run {found.run_id}"
    click.echo(
        f"Units from truth {found.from_truth:,} (generation {generation}), from live {found.from_live:,}; "
        f"code {found.code_version}."
    )
    print_table(
        "Restated after the month was closed",
        ("generation", "published", "product", "units", "from", "to", "currency", "cause"),
        (
            (
                r.generation,
                r.published_at,
                r.product_id,
                f"{r.units_before:,} to {r.units_after:,}",
                amount(r.revenue_before),
                amount(r.revenue_after),
                r.currency,
                r.cause,
            )
            for r in found.restatements
        ),
    )
    print_table("Conflicts", ("record", "received", "what"), ((c.id, c.received_at, c.detail) for c in found.conflicts))
    print_table("In quarantine, all months", ("reason", "records"), sorted(found.rejected.items()))
    print_table(
        "Receipt lines",
        ("event", "kind", "sold at (UTC)", "product", "quantity", "price", "discount", "revenue", "Kafka record"),
        (
            (r.event_id, r.kind, r.sold_at, r.product_id, r.quantity, r.unit_price, r.discount, r.revenue, r.source)
            for r in found.receipts
        ),
    )
    if found.receipts_left_out:
        click.echo(f"… and {found.receipts_left_out:,} more lines, added up above.")


COMMANDS = (answers, verify, explain)
