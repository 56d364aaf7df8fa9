"""The database: launcher, tables, keys, repositories, and the unit of work that commits. SQL lives only here."""
