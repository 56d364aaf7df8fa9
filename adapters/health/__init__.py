"""Health systems."""
