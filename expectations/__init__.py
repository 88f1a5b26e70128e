"""The gate: what a night has recounted is published only when every critical check of it passed.

`declared` is for those who must know which checks have to run; `python -m expectations.gate` runs them.
"""

from expectations.suites import CANDIDATE, SLICE, Declared, declared

__all__ = ["CANDIDATE", "SLICE", "Declared", "declared"]
