"""the settings of the site are versioned, so that an old decision can be re-judged on those of its day

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "site_settings",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_site_settings")),
    )
    op.execute("INSERT INTO site_settings SELECT 1, detail, now() FROM site WHERE detail IS NOT NULL")
    op.drop_column("site", "detail")


def downgrade() -> None:
    op.add_column("site", sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.execute("UPDATE site SET detail = (SELECT detail FROM site_settings ORDER BY version DESC LIMIT 1)")
    op.drop_table("site_settings")
