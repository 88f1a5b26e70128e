"""Tillstream: a shop's sales book whose every figure is exact and can be explained."""

__version__ = "0.1.0"
