"""Casework systems: where participants, plans and releases of information come from."""
