"""What is wrong with an inbound message, told by field and rule, whatever format it came in."""


class FeedError(ValueError):
    """An inbound message that cannot be read. `field`, `rule` and `position` are free of content: they may be logged.

    `field` is an element, column or segment of the format, or a property of the whole message (`xml`, `encoding`,
    `size`); `position` is `line N` or the like where one is known, else None.
    """

    def __init__(self, field: str, rule: str, position: str | None = None) -> None:
        super().__init__(f"`{field}` {rule}" + (f" ({position})" if position else ""))
        self.field = field
        self.rule = rule
        self.position = position
