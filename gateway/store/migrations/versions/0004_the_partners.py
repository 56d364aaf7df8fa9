"""partners: purposes and keys by address, bound tokens, rates, page tokens, filings, subscriptions

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "key_set",
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("jwks", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("uri", name=op.f("pk_key_set")),
    )
    op.create_table(
        "rate_bucket",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("level", sa.Double(), nullable=False),
        sa.Column("taken", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_rate_bucket")),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "attestation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name=op.f("fk_attestation_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attestation")),
        sa.UniqueConstraint("token", name=op.f("uq_attestation_token")),
    )
    op.create_index(op.f("ix_attestation_client_id"), "attestation", ["client_id"], unique=False)
    op.create_table(
        "filing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("participant", sa.Uuid(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name=op.f("fk_filing_client_id")),
        sa.ForeignKeyConstraint(["participant"], ["consent_version.participant"], name=op.f("fk_filing_participant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing")),
        sa.UniqueConstraint("organization", "digest", name=op.f("uq_filing_organization_digest")),
    )
    op.create_index(op.f("ix_filing_client_id"), "filing", ["client_id"], unique=False)
    op.create_index(op.f("ix_filing_participant"), "filing", ["participant"], unique=False)
    op.create_table(
        "page",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("participant", sa.Uuid(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name=op.f("fk_page_client_id")),
        sa.ForeignKeyConstraint(["participant"], ["consent_version.participant"], name=op.f("fk_page_participant")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_page")),
    )
    op.create_index(op.f("ix_page_client_id"), "page", ["client_id"], unique=False)
    op.create_index(op.f("ix_page_participant"), "page", ["participant"], unique=False)
    op.create_table(
        "subscription",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("participant", sa.Uuid(), nullable=True),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("heartbeat_seconds", sa.Integer(), nullable=True),
        sa.Column("events", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name=op.f("fk_subscription_client_id")),
        sa.ForeignKeyConstraint(
            ["participant"], ["consent_version.participant"], name=op.f("fk_subscription_participant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
    )
    op.create_index(op.f("ix_subscription_client_id"), "subscription", ["client_id"], unique=False)
    op.create_index(op.f("ix_subscription_participant"), "subscription", ["participant"], unique=False)
    op.create_index("ix_subscription_topic_state", "subscription", ["topic", "state"], unique=False)
    op.create_table(
        "notification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subscription", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("participant", sa.Uuid(), nullable=True),
        sa.Column("delivery", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["delivery"], ["delivery.id"], name=op.f("fk_notification_delivery")),
        sa.ForeignKeyConstraint(
            ["participant"], ["consent_version.participant"], name=op.f("fk_notification_participant")
        ),
        sa.ForeignKeyConstraint(["subscription"], ["subscription.id"], name=op.f("fk_notification_subscription")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint("subscription", "number", name=op.f("uq_notification_subscription_number")),
    )
    op.create_index(op.f("ix_notification_delivery"), "notification", ["delivery"], unique=False)
    op.create_index(op.f("ix_notification_participant"), "notification", ["participant"], unique=False)
    op.create_index(op.f("ix_notification_subscription"), "notification", ["subscription"], unique=False)
    op.add_column("client", sa.Column("purposes", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("client", sa.Column("jwks_uri", sa.Text(), nullable=True))
    op.add_column("client", sa.Column("thumbprint", sa.Text(), nullable=True))
    op.add_column("client", sa.Column("registered_by", sa.Text(), nullable=True))
    op.add_column("client", sa.Column("registered_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("token", sa.Column("purpose", sa.Text(), nullable=True))
    op.add_column("token", sa.Column("person", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("token", sa.Column("thumbprint", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("token", "thumbprint")
    op.drop_column("token", "person")
    op.drop_column("token", "purpose")
    op.drop_column("client", "registered_at")
    op.drop_column("client", "registered_by")
    op.drop_column("client", "thumbprint")
    op.drop_column("client", "jwks_uri")
    op.drop_column("client", "purposes")
    op.drop_index(op.f("ix_notification_subscription"), table_name="notification")
    op.drop_index(op.f("ix_notification_participant"), table_name="notification")
    op.drop_index(op.f("ix_notification_delivery"), table_name="notification")
    op.drop_table("notification")
    op.drop_index("ix_subscription_topic_state", table_name="subscription")
    op.drop_index(op.f("ix_subscription_participant"), table_name="subscription")
    op.drop_index(op.f("ix_subscription_client_id"), table_name="subscription")
    op.drop_table("subscription")
    op.drop_index(op.f("ix_page_participant"), table_name="page")
    op.drop_index(op.f("ix_page_client_id"), table_name="page")
    op.drop_table("page")
    op.drop_index(op.f("ix_filing_participant"), table_name="filing")
    op.drop_index(op.f("ix_filing_client_id"), table_name="filing")
    op.drop_table("filing")
    op.drop_index(op.f("ix_attestation_client_id"), table_name="attestation")
    op.drop_table("attestation")
    op.drop_table("rate_bucket")
    op.drop_table("key_set")
