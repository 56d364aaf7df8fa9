"""What a command writes about participants: files that only their owner may read, never over another file."""

import os
from collections.abc import Mapping
from pathlib import Path

from gateway.commands.errors import BadInput, Failed


def private_folder(folder: Path) -> Path:
    """Make a folder for private files, 0700, before anything is disclosed into it. BadInput where that cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise BadInput("`--out`: must be a folder that can be written") from None
    if not os.access(folder, os.W_OK):
        raise BadInput("`--out`: must be a folder that can be written")
    return folder


def write_private(folder: Path, contents: Mapping[str, bytes]) -> list[str]:
    """Write files, each 0600 and new; returns their names. Raises Failed: what was disclosed is on the ledger then."""
    try:
        for name, content in contents.items():
            opened = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(opened, "wb") as file:
                file.write(content)
    except OSError:
        raise Failed("`--out`: a file could not be written there, or is there already") from None
    return sorted(contents)
