"""Great Expectations' own report of a suite, one page per stage: `data_docs/<generation>/<stage>.html`, of a forecast
`data_docs/forecasts/<number>/forecast.html`.

The page shows numbers and the checks' meanings: no rows, so nothing of a customer. Its frame is ours, because that of
Great Expectations loads scripts, styles and a picture from eight hosts whenever somebody opens it.
"""

import shutil
from pathlib import Path

from expectations.deferred import quick_import
from tillstream.settings import Settings

with quick_import():
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaPageView
    from jinja2 import ChoiceLoader, DictLoader

FOLDER = "data_docs"
KEPT = 30  # nights, and forecasts

FRAME = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ heading }}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222; }
h5 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; }
td, th { border: 1px solid #ddd; padding: .3rem .6rem; text-align: left; vertical-align: top; }
.text-success::before { content: "passed"; color: #18703a; }
.text-danger::before { content: "FAILED"; color: #b00020; font-weight: bold; }
.text-warning::before { content: "raised"; color: #b00020; font-weight: bold; }
a { color: inherit; text-decoration: none; pointer-events: none; }
a[data-toggle] { display: none; }
</style>
</head>
<body>
<h1>{{ heading }}</h1>
<p>What was observed is how many rows break a check; of `rows`, how many are missing.</p>
{% for section in sections %}{% set section_loop = loop %}{% include 'section.j2' %}{% endfor %}
</body>
</html>
"""


def write(settings: Settings, folder: str, title: str, stage: str, result: ExpectationSuiteValidationResult) -> Path:
    """Writes the page of a stage, whole or not at all; gives its path. Folders beside it beyond the last KEPT go."""
    view = DefaultJinjaPageView()
    theirs = [view.env.loader] if view.env.loader else []
    view.env.loader = ChoiceLoader([DictLoader({"page.j2": FRAME}), *theirs])
    heading = f"{title}: checks of the {stage}"
    document = ValidationResultsPageRenderer().render(result)
    html = view.render(document, heading=heading)  # type: ignore[no-untyped-call]
    page = settings.home / FOLDER / folder / f"{stage}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    unfinished = page.with_suffix(".unfinished")
    unfinished.write_text(html, encoding="utf-8")
    unfinished.replace(page)
    _prune(page.parent.parent)
    return page


def _prune(folder: Path) -> None:
    nights = sorted((each for each in folder.iterdir() if each.name.isdigit()), key=lambda each: int(each.name))
    for old in nights[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
