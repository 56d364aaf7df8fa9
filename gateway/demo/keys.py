"""Demo clients: a private key per partner, made when the demo site is made, and written to demo.json (0600) only."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from adapters.smart_client import new_key, public_part
from gateway.store.data_directory import write_private

FILE: Final = "demo.json"
SCOPES: Final = ("system/Task.c",)


@dataclass(frozen=True, slots=True)
class DemoClient:
    """A partner's system in the demo, with its private key."""

    client_id: str
    organization: str
    jwk: dict[str, Any]

    def registration(self, scopes: Iterable[str] = SCOPES) -> dict[str, object]:
        """Give what the gateway is told of it: public keys only."""
        jwks = {"keys": [public_part(self.jwk)]}
        held = sorted(scopes)
        return {"client_id": self.client_id, "organization": self.organization, "jwks": jwks, "scopes": held}


def make_clients(organizations: list[str]) -> dict[str, DemoClient]:
    """Give a client with a fresh key for each organization."""
    return {name: DemoClient(f"{name.removeprefix('org:')}-system", name, new_key()) for name in organizations}


def write(
    folder: Path,
    base_url: str,
    receiver_url: str,
    clients: dict[str, DemoClient],
    staff: dict[str, str],
    participants: dict[str, str],
    ca_file: Path | None = None,
) -> None:
    """Write demo.json for whoever wants to play a partner; it holds private keys, so 0600.

    `ca_file`: whom to trust, where the demo is served over https.
    """
    content = ({} if ca_file is None else {"ca_file": str(ca_file.absolute())}) | {
        "base_url": base_url,
        "fhir_url": f"{base_url}/fhir",
        "token_url": f"{base_url}/oauth/token",
        "receiver_url": receiver_url,
        "clients": {
            name: {"client_id": c.client_id, "jwk": c.jwk, "organization": c.organization}
            for name, c in clients.items()
        },
        "staff": staff,
        "participants": participants,
    }
    write_private(folder / FILE, orjson.dumps(content, option=orjson.OPT_INDENT_2))


def address_in(folder: Path) -> str:
    """Give the address at which the demo of a folder is served, empty where none has been served from it."""
    try:
        return str(orjson.loads((folder / FILE).read_bytes())["base_url"])
    except (FileNotFoundError, orjson.JSONDecodeError, KeyError):
        return ""


def read_clients(folder: Path) -> dict[str, DemoClient]:
    """Give the clients of a demo that was made before; empty where there is none."""
    try:
        content = orjson.loads((folder / FILE).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return {
        name: DemoClient(given["client_id"], given["organization"], given["jwk"])
        for name, given in content["clients"].items()
    }
