"""How long a person waits for a dashboard: until all of its charts are drawn, in a real browser on the same machine."""

import time
from statistics import median

from playwright.sync_api import Page

from benchmarks.figures import Figure, at_most, told
from benchmarks.stream_run import Run, say
from stack.lifecycle import restart
from stack.superset_check import VIEWER, expected
from stack.superset_configuration import KEPT_SECONDS
from tests.browser import browser, logged_in, open_dashboard, window

COLD_SECONDS, WARM_SECONDS, WARM_LOOKS = 6.0, 3.0, 3
CACHES = ("superset", "mysql")  # whose memory a restart empties


def pages(run: Run) -> list[Figure]:
    """Each dashboard cold: by a browser that was never there, of servers that have just begun. Then warm.

    Warm again and again, and when no answer is kept any more: with the rest as warm as before.
    """
    figures = []
    with browser() as started:
        with logged_in(started, run.settings, VIEWER) as page:
            cookies = page.context.storage_state()
        for slug in expected():
            for service in CACHES:
                restart(run.settings, service)
            with window(started, run.settings, cookies=cookies) as page:
                cold = _seconds(page, slug)
                warm = median(_seconds(page, slug) for _ in range(WARM_LOOKS))
                later = median(_seconds(page, slug, KEPT_SECONDS) for _ in range(WARM_LOOKS))
            say(f"{slug}: {cold:.1f} s, then {warm:.1f} s, of answers that are not kept {later:.1f} s")
            figures += [
                at_most(f"dashboard {slug}, all charts drawn, cold", cold, COLD_SECONDS, "s"),
                at_most(f"dashboard {slug}, all charts drawn, warm", warm, WARM_SECONDS, "s"),
                told(f"dashboard {slug}, likewise, {KEPT_SECONDS} s after the look before", later, "s"),
            ]
    return figures


def _seconds(page: Page, slug: str, after: float = 0) -> float:
    time.sleep(after)
    begun = time.monotonic()
    open_dashboard(page, slug)
    return time.monotonic() - begun
