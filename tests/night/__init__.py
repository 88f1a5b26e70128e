"""Nights for tests: a shop whose records are counted without Kafka and Spark, and whole nights over them."""
