"""THE OUTSIDE: one package per kind of foreign system. Foreign bytes in, sealed disclosures out."""
