"""The tables of the console: who is signing in, who is signed in, and the one-time links of a demo."""

from sqlalchemy import Column, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from gateway.store.schema import metadata, moment

# Somebody is at the OpenID provider and has not come back yet. Found by the digest of what their browser holds.
signing_in = Table(
    "signing_in",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # state, nonce, verifier, the page they wanted
    moment("expires_at"),
)

console_session = Table(
    "console_session",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # a name
    Column("organization", Text, nullable=False),
    Column("roles", JSONB, nullable=False),
    moment("started_at"),
    moment("seen_at"),
    moment("ended_at", nullable=True),
)

signin_link = Table(
    "signin_link",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("role", Text, nullable=False),
    moment("expires_at"),
    moment("used_at", nullable=True),
)
