"""Great Expectations imports in half the time when what it never uses here waits until somebody does use it."""

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

# Charts, and distribution tests: imported at its start for two of its sixty expectations.
DEFERRED = ("altair", "scipy.stats")
# An engine that it takes if it is there; ours is SQL.
ABSENT = ("pyspark",)


class _Deferring(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname in DEFERRED else None
        if spec is not None and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


@contextmanager
def quick_import() -> Iterator[None]:
    """While the block imports, DEFERRED modules are not run before their first use and ABSENT ones are not found."""
    finder = _Deferring()
    absent = [name for name in ABSENT if name not in sys.modules]
    sys.meta_path.insert(0, finder)
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None is how Python knows that there is none
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in absent:
            del sys.modules[name]
