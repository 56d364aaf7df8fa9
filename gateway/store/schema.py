"""What all tables share: the metadata with its naming rules, and the columns that most of them have."""

from sqlalchemy import Column, DateTime, ForeignKey, MetaData, Uuid

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


def row_id() -> Column[object]:
    """Give the key of a row: a UUIDv7, made in Python."""
    return Column("id", Uuid, primary_key=True)


def moment(name: str, *, nullable: bool = False) -> Column[object]:
    """Give a column for a moment, aware."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def participant_of(*, nullable: bool = False) -> Column[object]:
    """Give the column that says whom a row is about."""
    return Column("participant", Uuid, ForeignKey("consent_version.participant"), nullable=nullable, index=True)
