"""What can be wrong with a consultation: the question itself, or one of the Consents that it brings."""


class ConsultError(ValueError):
    """The body breaks the hook's schema. Names the field and the rule, never a value."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"`{field}`: {rule}")
        self.field = field
        self.rule = rule


class UnreadableConsentError(ValueError):
    """A Consent cannot be understood: it suspends. Names the element and the rule, never a value."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"`{field}`: {rule}")
        self.field = field
        self.rule = rule
