"""Jail systems: what a jail sends, split per person."""
