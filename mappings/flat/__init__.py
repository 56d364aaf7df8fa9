"""Flat files: CSV and fixed records."""
