"""Faults of a whole stack with the real Spark stream, injected from outside: killed processes, stopped servers, locks."""
