"""One module per group of tables. Each repository speaks for one connection inside one unit of work."""
