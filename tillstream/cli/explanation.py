"""The command `explain`: what stands behind a figure, a forecast, or a line of the plan."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from tillstream.cli.output import Month, amount, as_json, pieces, print_json, print_table
from tillstream.settings import load

if TYPE_CHECKING:
    from reports.explanation import Explanation
    from reports.forecast_explanation import ForecastExplanation
    from reports.plan_explanation import PlanExplanation


Found = TypeVar("Found")


@click.command()
@click.option("--month", type=Month(), help="The business month.")
@click.option("--product", metavar="ID", help="One product; figures are explained without it, too.")
@click.option("--forecast", is_flag=True, help="The product's forecast, of one month or all.")
@click.option("--plan", is_flag=True, help="The product's line in the plan.")
@as_json
def explain(month: str | None, product: str | None, forecast: bool, plan: bool, json: bool) -> None:
    """A month's figure down to its receipts; or a product's forecast or plan, with what it was made from and how."""
    settings = load()
    if forecast and plan:
        raise click.UsageError("Choose --forecast or --plan.")
    if (forecast or plan) and product is None:
        raise click.UsageError("Say with --product which product's.")
    if forecast and product is not None:
        from reports.forecast_explanation import explain_forecast

        _show(explain_forecast(settings, product, month), _print_forecast, json)
    elif plan and product is not None:
        from reports.plan_explanation import explain_plan

        _show(explain_plan(settings, product), _print_plan, json)
    elif month is not None:
        from reports.explanation import explain as explain_figure

        _show(explain_figure(settings, month, product), _print_figure, json)
    else:
        raise click.UsageError("Give a --month, or --forecast or --plan with a --product.")


def _show(found: Found, in_words: Callable[[Found], None], json: bool) -> None:
    if json:
        print_json(found)
    else:
        in_words(found)


def _print_forecast(found: "ForecastExplanation") -> None:
    issue = found.issue
    click.echo(
        f"{found.product_name} ({found.product_id}), forecast {issue.forecast} of {issue.issued_on}: "
        f"run {issue.run_id}, on the truth of generation {issue.generation}; code {issue.code_version}."
    )
    print_table(
        "What was known",
        ("month", "demand", "sold", "share of the month on the shelf"),
        ((p.month, pieces(p.demand), pieces(p.sold), f"{p.on_shelf:.0%}") for p in found.history),
    )
    print_table("How it was made", ("member", "weight"), ((m, f"{w:.1%}") for m, w in found.weights.items() if w))
    print_table(
        "What is expected, in pieces",
        ("month", "expected", "p10", "p50", "p90", "naive", "method"),
        (
            (
                e.month, pieces(e.quantity), pieces(e.p10), pieces(e.p50), pieces(e.p90),
                pieces(found.naive.get(e.month)), e.method,
            )
            for e in found.months
        ),
    )  # fmt: skip
    print_table(
        "The first months together: with this chance no more than so many pieces",
        ("chance", *(f"{n} month{'s' * (n > 1)}" for n in range(1, 1 + max(map(len, found.sums.values()), default=0)))),
        ((f"{float(level):.1%}", *map(pieces, quantiles)) for level, quantiles in found.sums.items()),
    )
    _print_worth(found)


def _print_worth(found: "ForecastExplanation") -> None:
    first = found.months[0]
    if first.backtest_error is None:
        click.echo("It could not be tried on earlier months: there are too few.")
    else:
        others = [
            f"{pieces(error)} of {what}"
            for what, error in (
                ("the last year's same month", first.naive_error),
                ("the last month", first.last_month_error),
            )
            if error is not None
        ]
        click.echo(
            f"At earlier months it erred by {pieces(first.backtest_error)} pieces a month in the mean"
            + (f", beside {' and '.join(others)}." if others else ".")
        )
    if not first.season_known:
        click.echo("Its season is not known: there are less than two years of history.")
    for uplift in found.uplifts:
        click.echo(f"You expect {uplift.factor.normalize():f} times the forecast in {uplift.month}.")


def _print_plan(found: "PlanExplanation") -> None:
    for each in found.lines:
        line = each.line
        click.echo(
            f"{line.product_name} ({line.product_id}) in {line.store_id}, plan of {found.issue.issued_on}: "
            f"order {line.quantity:,} ({line.urgency}, class {line.abc})."
        )
        for number, step in enumerate(each.steps, 1):
            click.echo(f"  {number}. {step}")


def _print_figure(found: "Explanation") -> None:
    print_table(
        f"{found.month}, {found.product_id or 'all products'}: as shown, and as its receipts add up",
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


COMMANDS = (explain,)
