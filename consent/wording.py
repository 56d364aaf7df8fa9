"""Two questions about texts that people write: is anything there, and is it the same name."""


def is_blank(text: str | None) -> bool:
    """Say whether a text shows nothing: left out, empty, or only spaces and characters that nobody can see."""
    if not text:
        return True
    if text.isprintable():  # the usual case, quickly
        return text.isspace()
    return not any(char.isprintable() and not char.isspace() for char in text)


def same_name(one: str, other: str) -> bool:
    """Say whether two names are equal, letter case and spacing ignored. A blank name equals nobody's."""
    return not is_blank(one) and _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return "".join(name.split()).casefold()
