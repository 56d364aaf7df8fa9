"""Tells staff that something waits, and nothing else."""
