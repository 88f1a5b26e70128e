"""Asks PyPI which of the locked versions have known vulnerabilities; ends with 1 when one has.

`setup/accepted-advisories.txt` has the ids of those that are known and accepted, each with its reason behind a `#`.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def accepted() -> list[str]:
    """The ids that were looked at and may stay."""
    lines = (HERE / "accepted-advisories.txt").read_text().splitlines()
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]


def found(lock: Path) -> list[dict[str, Any]] | None:
    """pip-audit's word on each package of a lock; None when nobody could be asked."""
    ignored = [option for each in accepted() for option in ("--ignore-vuln", each)]
    done = subprocess.run(
        [Path(sys.executable).with_name("pip-audit"), "--requirement", lock, "--require-hashes", "--disable-pip",
         "--format", "json", "--progress-spinner", "off", *ignored],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        print(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "pip-audit said nothing")
        return None
    return packages


def main() -> int:
    """The exit code: 1 when a locked version has a known vulnerability that nobody accepted."""
    vulnerable = audited = left_out = 0
    for lock in sorted((HERE.parent / "locks").glob("*.txt")):
        for package in found(lock) or []:
            if "skip_reason" in package:
                left_out += 1
                continue
            audited += 1
            for advisory in package["vulns"]:
                vulnerable += 1
                what = f"{package['name']} {package['version']}: {advisory['id']}"
                print(f"{lock.name}: {what}, mended in {', '.join(advisory['fix_versions']) or 'no version yet'}")
    print(f"{audited} locked versions looked up, {left_out} unknown there, {vulnerable} vulnerable.")
    if not audited:
        print("PyPI's advisories cannot be reached from here: NOTHING WAS AUDITED. Run `make audit` where they can.")
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main())
