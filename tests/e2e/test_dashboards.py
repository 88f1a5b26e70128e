"""The dashboards: every chart's figures against an independent recount, and what a person sees in a real browser."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from stack import folders, processes, superset_configuration
from stack.superset_api import Superset
from stack.superset_check import check, expected, query
from stack.superset_configuration import KEPT_SECONDS, PATIENCE_SECONDS, USERS
from tests.browser import CHART, WIDTHS, browser, chart, logged_in, number, open_dashboard
from tests.e2e.command_line import CommandLine
from tests.e2e.conftest import Query
from tests.e2e.dashboard_recount import RANKED, RECOUNTS, VIEWS, counted, plain
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.shop_calendar import zone

HEADER = (
    "kind,order_id,line_no,till_id,store_id,product_id,product_name,quantity,unit_price,discount,currency,sold_at\n"
)
SLOW_SECONDS = 0.3  # an answer takes the database
SHOWN_SECONDS = 20  # the page asks every ten seconds, and what a till sells is counted within a second or two
REVENUE = "SELECT SUM(revenue) FROM sales_by_day WHERE currency = 'MMK' AND day = '{day}'"


def now() -> datetime:
    """On the shop's clock."""
    return datetime.now(zone("Asia/Yangon"))


@pytest.fixture(scope="module")
def sold(tillstream: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], Path]:
    """Three simulated months, and some sales of today and of a week ago; the files, and the one of products."""
    history = tmp_path_factory.mktemp("pages") / "history"
    tillstream.run("simulate", "shop", "--months", "3", "--seed", "7", "--out", history)
    recent = history / "recent.csv"
    at = now().replace(microsecond=0)
    lines = [
        ("sale", "d1", 1, "SH01-M-WHT", "Oxford", 2, 30000, "500", "MMK", at),
        ("sale", "d1", 2, "odd", "ပုဆိုး <b>1</b>", 1, 25000, "", "MMK", at),
        ("return", "d2", 1, "odd", "ပုဆိုး <b>1</b>", 1, 25000, "", "MMK", at),
        ("sale", "d3", 1, "odd", "ပုဆိုး <b>1</b>", 3, 25000, "", "MMK", at - timedelta(hours=1)),
        ("sale", "d4", 1, "odd", "Baht are not kyats", 7, 99, "", "THB", at),
        ("sale", "w1", 1, "odd", "ပုဆိုး <b>1</b>", 5, 25000, "", "MMK", at - timedelta(days=7)),
    ]
    rows = [
        f"{kind},{order},{line},page,page-1,{product},{name},{quantity},{price},{discount},{currency},{sold.isoformat()}\n"
        for kind, order, line, product, name, quantity, price, discount, currency, sold in lines
    ]
    recent.write_text(HEADER + "".join(rows))
    tillstream.run("products", "import", history / "products.csv")
    tillstream.run("import", "--wait", history / "sales", history / "stock", recent)
    return [*sorted((history / "sales").iterdir()), recent], history / "products.csv"


@pytest.fixture(scope="module")
def shown(shop: Settings, sold: object) -> dict[str, list[dict[str, Any]]]:
    """The rows of every chart, by its title, as a viewer gets them; all within one hour of the shop's clock."""
    session = Superset(shop, "viewer", shop.secret(USERS["viewer"]))
    charts = [each for slug in expected() for each in session.charts(slug)]
    while True:
        begun = now()
        # Not what was kept of an answer before all was imported.
        found = {each.slice_name: session.data(query(each) | {"force": True})[0]["data"] for each in charts}
        if begun.hour == now().hour:
            return found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The one browser of all these tests."""
    with browser() as started:
        yield started


@pytest.fixture(scope="module", params=WIDTHS)
def viewer(request: pytest.FixtureRequest, chromium: Browser, shop: Settings, sold: object) -> Iterator[Page]:
    """A viewer before a desk's screen, and before a phone's."""
    with logged_in(chromium, shop, "viewer", request.param) as page:
        yield page


def plain_rows(found: list[dict[str, Any]], names: list[str]) -> list[tuple[Any, ...]]:
    return sorted((tuple(plain(row[name]) for name in names) for row in found), key=repr)


@pytest.mark.parametrize("title", RECOUNTS)
def test_a_chart_shows_what_the_files_hold(
    title: str, sold: tuple[list[Path], Path], shown: dict[str, list[dict[str, Any]]]
) -> None:
    result = counted(*sold, now()).execute(RECOUNTS[title])
    names = [column[0] for column in result.description]
    wanted = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    if title in RANKED:
        names = [RANKED[title]]

    assert wanted
    assert plain_rows(shown[title], names) == plain_rows(wanted, names)


@pytest.mark.parametrize("title", VIEWS)
def test_a_chart_shows_what_its_view_says(title: str, shown: dict[str, list[dict[str, Any]]], query: Query) -> None:
    wanted = sorted((tuple(map(plain, row)) for row in query(VIEWS[title])), key=repr)
    found = shown[title]
    if "the first" in title or "the latest" in title:
        assert len(found) == min(len(wanted), 100)
    else:
        assert plain_rows(found, list(found[0])) == wanted != []


def test_every_dashboard_is_drawn_without_an_error(viewer: Page) -> None:
    for slug in expected():
        open_dashboard(viewer, slug)
        expect(viewer.locator(".ant-alert-error, [data-test=error-message]")).to_have_count(0)
        assert viewer.evaluate("document.documentElement.scrollWidth") <= viewer.viewport_size["width"]  # type: ignore[index]
        for box in (each.bounding_box() for each in viewer.locator(CHART).all()):
            assert box is not None
            assert box["width"] >= 120, "too narrow to read"
            assert box["x"] + box["width"] <= viewer.viewport_size["width"]  # type: ignore[index]


def test_the_totals_on_the_page_are_the_views(viewer: Page, query: Query) -> None:
    [(pieces, revenue)] = query("SELECT SUM(units), SUM(revenue) FROM sales_by_month WHERE currency = 'MMK'")
    open_dashboard(viewer, "sales")

    expect(number(viewer, "How much did we sell?")).to_have_text(f"{revenue:,.0f} MMK")
    expect(number(viewer, "How many pieces?")).to_have_text(f"{pieces:,}")
    expect(chart(viewer, "What sells most? (the first 20)")).to_contain_text("Sales, MMK")


def test_a_filter_narrows_every_figure(chromium: Browser, shop: Settings, sold: object, query: Query) -> None:
    [(revenue,)] = query("SELECT SUM(revenue) FROM sales_by_month WHERE currency = 'MMK' AND store_id = 'page-1'")
    with logged_in(chromium, shop, "viewer") as page:
        open_dashboard(page, "sales")
        page.click("#NATIVE_FILTER-store")
        page.click(".ant-select-item-option[title='page-1']")
        page.click("[data-test=filter-bar__apply-button]")

        expect(number(page, "How much did we sell?")).to_have_text(f"{revenue:,.0f} MMK")


def test_what_a_till_sells_appears_by_itself(
    chromium: Browser, shop: Settings, sold: object, tillstream: CommandLine, query: Query
) -> None:
    def sold_today() -> str:
        return f"{query(REVENUE.format(day=now().date()))[0][0]:,.0f} MMK"

    with logged_in(chromium, shop, "owner") as page:
        open_dashboard(page, "today")
        shown = number(page, "How much have we sold today?")
        before = sold_today()
        expect(shown).to_have_text(before)
        tillstream.run("simulate", "till", "--rate", "50", "--count", "20", "--till", "page")
        deadline = time.monotonic() + SHOWN_SECONDS
        while shown.inner_text() != sold_today() or sold_today() == before:
            assert time.monotonic() < deadline, (before, shown.inner_text(), sold_today())
            page.wait_for_timeout(500)


@pytest.fixture(scope="module")
def sessions(shop: Settings) -> tuple[Superset, Superset, Superset]:
    """Two of one viewer, and the owner's."""
    viewer, other, owner = (Superset(shop, user, shop.secret(USERS[user])) for user in ("viewer", "viewer", "owner"))
    return viewer, other, owner


@pytest.fixture
def moment(sessions: tuple[Superset, Superset, Superset]) -> Callable[..., str]:
    """Asks a session's user when the database was asked a question; one of another number is another question."""
    [total] = [each for each in sessions[0].charts("today") if each.slice_name == "How much have we sold today?"]
    asked = query(total)

    def of(session: Superset, number: int, seconds: float = SLOW_SECONDS, **more: bool) -> str:
        slow = f"CONCAT_WS('|', NOW(6), COUNT(*), SLEEP({seconds}), {number})"
        metric = {"expressionType": "SQL", "sqlExpression": slow, "label": "moment"}
        [part] = asked["queries"]
        [row] = session.data(asked | more | {"queries": [part | {"metrics": [metric], "filters": []}]})[0]["data"]
        return str(row["moment"])

    return of


def test_an_answer_is_kept_for_seconds_for_all_of_the_same_roles(
    sessions: tuple[Superset, Superset, Superset], moment: Callable[..., str]
) -> None:
    viewer, other, owner = sessions
    first = moment(viewer, 1)
    assert moment(other, 1) == first
    assert moment(owner, 1) != first
    assert moment(viewer, 2) != first
    forced = moment(viewer, 1, force=True)
    assert forced != first
    assert moment(other, 1) == forced

    time.sleep(KEPT_SECONDS + 1)
    assert moment(viewer, 1) != forced


def test_who_ask_in_the_same_moment_ask_the_database_once(
    sessions: tuple[Superset, Superset, Superset], moment: Callable[..., str]
) -> None:
    with ThreadPoolExecutor(10) as pool:
        assert len(set(pool.map(lambda _: moment(sessions[0], 3), range(10)))) == 1


def test_questions_are_answered_one_after_the_other(
    sessions: tuple[Superset, Superset, Superset], moment: Callable[..., str]
) -> None:
    with ThreadPoolExecutor() as pool:
        told = sorted(pool.map(partial(moment, sessions[0]), (4, 5)))
    first, second = (datetime.fromisoformat(text.split("|")[0]) for text in told)
    assert second - first >= timedelta(seconds=SLOW_SECONDS)


def test_nobody_waits_for_another_s_slow_question(
    sessions: tuple[Superset, Superset, Superset], moment: Callable[..., str]
) -> None:
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(moment, sessions[0], 6, seconds=10 * PATIENCE_SECONDS)
        time.sleep(PATIENCE_SECONDS)  # it has begun
        moment(sessions[0], 7)
        assert not slow.done()


def test_what_is_kept_is_not_told_to_a_stranger(shop: Settings, sessions: tuple[Superset, Superset, Superset]) -> None:
    asked = query(sessions[0].charts("today")[0])
    sessions[0].data(asked)
    for authorization in ({}, {"Authorization": "Bearer guessed"}):
        question = Request(  # noqa: S310 an address of this stack
            f"{shop.superset_url}/api/v1/chart/data",
            json.dumps(asked).encode(),
            {"Content-Type": "application/json", **authorization},
        )
        with pytest.raises(HTTPError, match=r"40[13]|422"):
            urlopen(question)  # noqa: S310 likewise


def test_a_browser_fetches_the_programs_of_a_page_once(viewer: Page) -> None:
    sizes = "performance.getEntriesByType('resource').filter(e => e.name.endsWith('.js')).map(e => e.transferSize)"
    open_dashboard(viewer, "trust")
    open_dashboard(viewer, "trust")
    fetched = viewer.evaluate(sizes)
    assert len(fetched) > 10
    assert not any(fetched)


def test_nothing_moves_while_charts_wait(viewer: Page) -> None:
    viewer.route("**/api/v1/chart/data*", lambda _: None)  # never answered
    viewer.goto("/superset/dashboard/stock/", wait_until="commit")
    waiting = viewer.locator(f"{CHART} [data-test=loading-indicator]")
    expect(waiting).to_have_count(expected()["stock"])
    expect(waiting.locator("img")).to_have_count(expected()["stock"])
    assert not viewer.locator("animate, animateTransform").count()
    viewer.unroute_all()


@pytest.mark.parametrize("user", ["viewer", "owner"])
def test_who_looks_may_do_nothing_else(shop: Settings, user: str) -> None:
    session = Superset(shop, user, shop.secret(USERS[user]))
    for path in ("security/users/", "security/roles/", "database/", "dataset/", "sqllab/", "query/", "saved_query/"):
        with pytest.raises(TerminalError, match="with 403"):
            session.get(f"/api/v1/{path}")
    with pytest.raises(TerminalError, match=r"with 40[03]"):  # he gets no token against forgery, nor has he the right
        session.ask("/api/v1/sqllab/execute/", {"database_id": 1, "sql": "SELECT 1"})


def test_guesses_are_limited(shop: Settings) -> None:
    def refusal(number: int) -> str:
        with pytest.raises(TerminalError) as caught:
            Superset(shop, "viewer", f"guess {number}")
        return str(caught.value)

    with ThreadPoolExecutor(30) as pool:
        refusals = list(pool.map(refusal, range(60)))
    assert any("with 401" in each for each in refusals)
    assert any("with 429" in each for each in refusals)
    time.sleep(1)  # who knows the password gets in again
    Superset(shop, "viewer", shop.secret(USERS["viewer"]))


def test_a_stranger_sees_nothing(shop: Settings) -> None:
    with pytest.raises(TerminalError, match="with 401"):
        Superset(shop, "viewer", "a guess")
    for path in ("/api/v1/chart/", "/api/v1/dashboard/today", "/api/v1/me/"):
        with pytest.raises(HTTPError, match="401"):
            urlopen(shop.superset_url + path)  # noqa: S310 an address of this stack


def test_an_answer_to_the_log_in_page_s_own_story_changes_no_session(shop: Settings) -> None:
    with urlopen(f"{shop.superset_url}/superset/log/?explode=events", data=b"events=[]") as answer:  # noqa: S310 likewise
        assert answer.status == 204
        assert answer.headers["Set-Cookie"] is None


def test_a_viewer_is_led_away_from_sql_lab_and_users(chromium: Browser, shop: Settings) -> None:
    with logged_in(chromium, shop, "viewer") as page:
        for path in ("/sqllab/", "/users/", "/roles/", "/databaseview/list/", "/tablemodelview/list/"):
            answer = page.goto(path, wait_until="commit")
            assert answer is not None
            assert answer.status == 403 or path not in page.url, path


def test_no_password_shows_in_a_process_or_a_log_and_the_configuration_is_private(shop: Settings, sold: object) -> None:
    folder = folders.of_service(shop, "superset")
    secrets = [shop.secret(name).encode() for name in (*superset_configuration.SECRETS, "mysql_bi")]
    shown = [
        Path(f"/proc/{each.pid}/{kind}").read_bytes()
        for each in processes.of_stack(shop.home, ["superset"])
        for kind in ("cmdline", "environ")
    ]
    shown += [folders.log(shop, "superset").read_bytes(), (folders.run(shop) / "superset.json").read_bytes()]
    assert len(shown) == 6  # the server and its worker
    assert not [text for text in shown for secret in secrets if secret in text]
    assert (folder / superset_configuration.FILE).stat().st_mode & 0o777 == 0o600


def test_a_broken_dashboard_is_refused_in_words(
    shop: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = tmp_path / "superset"
    shutil.copytree(superset_configuration.CONTENT, content)
    file = content / "charts" / "today-revenue.yaml"
    file.write_text(file.read_text().replace("viz_type: ", "vis_type: "))
    monkeypatch.setattr(superset_configuration, "CONTENT", content)
    monkeypatch.setattr(superset_configuration, "PREPARATION", content / "prepare.py")

    with pytest.raises(TerminalError, match=r"are not imported: charts/today-revenue\.yaml: .*viz_type"):
        superset_configuration.prepare(shop)
    check(shop)  # what was there before is there still
