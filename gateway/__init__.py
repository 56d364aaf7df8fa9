"""THE PROGRAM: composition, HTTP API, database, jobs, command line."""
