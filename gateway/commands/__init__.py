"""The commands of `lead-gateway`, one module per group."""
