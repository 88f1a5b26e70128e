"""The files that a plan is taken away in: one CSV, or a page to print for each supplier."""

import re
from collections import defaultdict
from datetime import date
from itertools import count
from pathlib import Path

from reports.order_csv import ENCODING, order_csv
from reports.order_plan import OrderPlan, PlanLine
from reports.order_sheet import order_sheet
from tillstream.errors import TerminalError

_UNSAFE = re.compile(r'[\s/\\:*?"<>|.\x00-\x1f]+')  # on any file system
_LONGEST = 120  # bytes of a supplier's name in a file's: names may have 255 in all


def write_csv(plan: OrderPlan, path: Path) -> None:
    """What is to be ordered, as CSV. Raises TerminalError where the file cannot be written."""
    _write(path, order_csv(plan.to_order), ENCODING)


def write_sheets(plan: OrderPlan, folder: Path, today: date) -> list[Path]:
    """A page per supplier, in the folder, which is made where it is missing."""
    by_supplier: dict[str | None, list[PlanLine]] = defaultdict(list)
    for line in plan.to_order:
        by_supplier[line.supplier].append(line)
    names: list[str] = []
    for supplier, lines in sorted(by_supplier.items(), key=lambda item: item[0] or ""):
        names.append(_file_name(supplier, names))
        lines.sort(key=lambda line: (line.product_name, line.colour or "", line.product_id, line.store_id))
        _write(_path(folder, today, names[-1]), order_sheet(supplier, lines, today, plan.issue.issued_on), "utf-8")
    return [_path(folder, today, name) for name in names]


def _path(folder: Path, today: date, name: str) -> Path:
    return folder / f"order-{today}-{name}.html"


def _file_name(supplier: str | None, taken: list[str]) -> str:
    """A name of its own for each supplier; those that differ only in what no file name may have are numbered."""
    plain = _UNSAFE.sub("-", supplier or "supplier-not-known").strip("-") or "supplier"
    name = plain.encode()[:_LONGEST].decode(errors="ignore")
    same = {each.casefold() for each in taken}
    numbered = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(each for each in numbered if each.casefold() not in same)


def _write(path: Path, text: str, encoding: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding=encoding, newline="")
    except OSError as error:
        raise TerminalError(f"{path} cannot be written: {error.strerror}.", "Name another place.") from error
