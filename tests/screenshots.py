"""Pictures of the dashboards of the stack that runs, for the README and whoever wants to see them: docs/images/."""

from pathlib import Path

from playwright.sync_api import Page

from stack.superset_check import expected
from stack.superset_configuration import OWNER
from tests.browser import WIDTHS, browser, logged_in, open_dashboard
from tillstream.settings import CHECKOUT, load

IMAGES = CHECKOUT / "docs" / "images"
SETTLED_MS = 5_000  # lines are drawn from left to right
CONTENT = "[data-test=grid-content]"
MARGIN = 24


def main() -> None:
    """Writes a picture of each dashboard, as wide as a desk's screen and as a phone's."""
    IMAGES.mkdir(exist_ok=True)
    with browser() as started:
        for width in WIDTHS:
            with logged_in(started, load(), OWNER, width) as page:
                for slug in expected():
                    path = IMAGES / f"{slug}-{width}.png"
                    _take(page, slug, width, path)
                    print(f"{path} ({path.stat().st_size // 1024} KB)")


def _take(page: Page, slug: str, width: int, path: Path) -> None:
    open_dashboard(page, slug)
    page.wait_for_timeout(SETTLED_MS)
    box = page.locator(CONTENT).bounding_box()
    assert box is not None
    clip = {"x": 0.0, "y": 0.0, "width": float(width), "height": box["y"] + box["height"] + MARGIN}
    page.screenshot(path=path, clip=clip)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
