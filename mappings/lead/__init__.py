"""LEAD's own forms: the site file, decision cases, plans, custody, matching."""
