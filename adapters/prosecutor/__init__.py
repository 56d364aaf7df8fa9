"""Prosecutors' case-management systems."""
