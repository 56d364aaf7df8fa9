"""TRANSLATION: foreign forms to our model and back. Pure."""
