"""A person before the dashboards: the machine's own Chromium, logged in, looking at all of a page at once."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, StorageState, sync_playwright

from stack.superset_check import expected
from stack.superset_configuration import HOME, USERS
from tillstream.settings import Settings

PATIENCE_MS = 90_000  # two cores that a stream, a night and a browser share
TALL = 6_000  # what lies outside the window is not drawn
WIDTHS = (1280, 390)
CHART = "[data-test=chart-grid-component]"
DRAWN = f"""wanted => {{
  const number = what => document.querySelectorAll(what).length;
  return number("{CHART}") === wanted && number("[data-test=slice-container]") === wanted
    && number("{CHART} [data-test=loading-indicator]") === 0;
}}"""


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser that nobody sees. One at a time: Playwright allows no more."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "there is no Chromium on this machine; run: setup/setup.sh tests"
    # Chromium refuses to run as root with its sandbox.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=options)
        yield started
        started.close()


@contextmanager
def window(
    browser: Browser, settings: Settings, width: int = WIDTHS[0], cookies: StorageState | None = None
) -> Iterator[Page]:
    """A page with that width in a browser that knows nothing but the `cookies` of a log-in."""
    with browser.new_context(
        base_url=settings.superset_url,
        viewport={"width": width, "height": TALL},
        timezone_id="UTC",
        storage_state=cookies,
    ) as context:
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()


@contextmanager
def logged_in(browser: Browser, settings: Settings, user: str, width: int = WIDTHS[0]) -> Iterator[Page]:
    """A page with that width, after the log-in."""
    with window(browser, settings, width) as page:
        page.goto("/login/")
        page.fill("#username", user)
        page.fill("#password", settings.secret(USERS[user]))
        page.click("button[type=submit]")
        page.wait_for_url(lambda url: urlsplit(url).path == HOME, wait_until="commit")
        yield page


def open_dashboard(page: Page, slug: str) -> None:
    """Opens a dashboard and waits until all its charts are drawn."""
    page.goto(f"/superset/dashboard/{slug}/", wait_until="commit")
    page.wait_for_function(DRAWN, arg=expected()[slug], timeout=PATIENCE_MS)


def chart(page: Page, title: str) -> Locator:
    """The chart with that title."""
    return page.locator(f'{CHART}[data-test-chart-name="{title}"]')


def number(page: Page, title: str) -> Locator:
    """The figure of a chart that shows one."""
    return chart(page, title).locator(".header-line")
