"""Evaluates FHIR R4 Consents that other systems wrote (IHE PCF, HL7 FAST, LEAP) for one question of a CDS Hook."""
