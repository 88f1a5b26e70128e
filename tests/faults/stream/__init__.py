"""Faults of a whole stack with the real Spark stream: killed processes, stopped servers, locks, lost files."""
