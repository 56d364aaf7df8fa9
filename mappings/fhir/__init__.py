"""FHIR R4 JSON to and from our model. Pure: no I/O, no clock; import the module that holds the mapping you mean."""
