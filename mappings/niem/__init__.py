"""NIEM: justice XML, read safely, into our custody events. Pure: no I/O, no clock."""
