"""The gate: what a night has recounted, or forecast, is published only when every critical check of it passed.

`declared` is for those who must know which checks have to run; `python -m expectations.gate` runs them.
"""

from expectations.suites import CANDIDATE, FORECAST, SLICE, Declared, declared

__all__ = ["CANDIDATE", "FORECAST", "SLICE", "Declared", "declared"]
