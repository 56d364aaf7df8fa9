"""THE LAW: who may be told what, decided from facts, with no clock, no I/O and no FHIR.

Re-exports nothing: import the module that holds the word you mean.
"""
