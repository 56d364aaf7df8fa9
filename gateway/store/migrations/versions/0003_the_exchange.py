"""what an exchange needs: duties, standing approvals, breakers, orders, conferences, incidents, unlinks

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "breaker",
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("recipient", name=op.f("pk_breaker")),
    )
    op.create_table(
        "conference",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conference")),
    )
    op.create_table(
        "contact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("staff", sa.Text(), nullable=True),
        sa.Column("nudged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    op.create_table(
        "delegation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("from_staff", sa.Text(), nullable=False),
        sa.Column("to_staff", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
    )
    op.create_table(
        "site_exchange",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_site_exchange")),
    )
    op.create_table(
        "court_order",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant"], ["consent_version.participant"], name=op.f("fk_court_order_participant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_court_order")),
    )
    op.create_index(op.f("ix_court_order_participant"), "court_order", ["participant"], unique=False)
    op.create_table(
        "duty",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("participant", sa.Uuid(), nullable=True),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("assignee", sa.LargeBinary(), nullable=True),
        sa.Column("reference", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("nudged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["participant"], ["consent_version.participant"], name=op.f("fk_duty_participant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty")),
    )
    op.create_index(op.f("ix_duty_participant"), "duty", ["participant"], unique=False)
    op.create_index(op.f("ix_duty_reference"), "duty", ["reference"], unique=False)
    op.create_index("ix_duty_state_due_at", "duty", ["state", "due_at"], unique=False)
    op.create_table(
        "incident",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("participant", sa.Uuid(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["participant"], ["consent_version.participant"], name=op.f("fk_incident_participant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index(op.f("ix_incident_participant"), "incident", ["participant"], unique=False)
    op.create_table(
        "legal_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant"], ["consent_version.participant"], name=op.f("fk_legal_request_participant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_request")),
    )
    op.create_index(op.f("ix_legal_request_participant"), "legal_request", ["participant"], unique=False)
    op.create_table(
        "participant_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant"], ["consent_version.participant"], name=op.f("fk_participant_event_participant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant_event")),
    )
    op.create_index(op.f("ix_participant_event_participant"), "participant_event", ["participant"], unique=False)
    op.create_table(
        "reminder",
        sa.Column("participant", sa.Uuid(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["participant"], ["consent_version.participant"], name=op.f("fk_reminder_participant")),
        sa.PrimaryKeyConstraint("token", "days", name=op.f("pk_reminder")),
    )
    op.create_index(op.f("ix_reminder_participant"), "reminder", ["participant"], unique=False)
    op.create_table(
        "revocation_link",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("participant", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant"], ["consent_version.participant"], name=op.f("fk_revocation_link_participant")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_revocation_link")),
    )
    op.create_index(op.f("ix_revocation_link_participant"), "revocation_link", ["participant"], unique=False)
    op.create_table(
        "standing_approval",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant", sa.Uuid(), nullable=False),
        sa.Column("exchange", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant"], ["consent_version.participant"], name=op.f("fk_standing_approval_participant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_approval")),
    )
    op.create_index(op.f("ix_standing_approval_participant"), "standing_approval", ["participant"], unique=False)
    op.create_table(
        "unlink",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant", sa.Uuid(), nullable=False),
        sa.Column("envelope", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["participant"], ["consent_version.participant"], name=op.f("fk_unlink_participant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unlink")),
    )
    op.create_index(op.f("ix_unlink_participant"), "unlink", ["participant"], unique=False)
    op.add_column("delivery", sa.Column("kind", sa.Text(), server_default="answer", nullable=False))
    op.add_column("delivery", sa.Column("exchange", sa.Text(), nullable=True))
    op.add_column("delivery", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.add_column("delivery", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("delivery", sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("delivery", sa.Column("key", sa.Uuid(), nullable=True))
    op.add_column("delivery", sa.Column("max_attempts", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_delivery_key"), "delivery", ["key"], unique=False)
    op.create_index("ix_delivery_state_due_at", "delivery", ["state", "due_at"], unique=False)
    op.add_column("item", sa.Column("envelope", sa.Uuid(), nullable=True))
    op.add_column("proposal", sa.Column("exchange", sa.Text(), nullable=True))


def downgrade() -> None:

    op.drop_column("proposal", "exchange")
    op.drop_column("item", "envelope")
    op.drop_index("ix_delivery_state_due_at", table_name="delivery")
    op.drop_index(op.f("ix_delivery_key"), table_name="delivery")
    op.drop_column("delivery", "max_attempts")
    op.drop_column("delivery", "key")
    op.drop_column("delivery", "acknowledged_at")
    op.drop_column("delivery", "expires_at")
    op.drop_column("delivery", "sealed")
    op.drop_column("delivery", "exchange")
    op.drop_column("delivery", "kind")
    op.drop_index(op.f("ix_unlink_participant"), table_name="unlink")
    op.drop_table("unlink")
    op.drop_index(op.f("ix_standing_approval_participant"), table_name="standing_approval")
    op.drop_table("standing_approval")
    op.drop_index(op.f("ix_revocation_link_participant"), table_name="revocation_link")
    op.drop_table("revocation_link")
    op.drop_index(op.f("ix_reminder_participant"), table_name="reminder")
    op.drop_table("reminder")
    op.drop_index(op.f("ix_participant_event_participant"), table_name="participant_event")
    op.drop_table("participant_event")
    op.drop_index(op.f("ix_legal_request_participant"), table_name="legal_request")
    op.drop_table("legal_request")
    op.drop_index(op.f("ix_incident_participant"), table_name="incident")
    op.drop_table("incident")
    op.drop_index("ix_duty_state_due_at", table_name="duty")
    op.drop_index(op.f("ix_duty_reference"), table_name="duty")
    op.drop_index(op.f("ix_duty_participant"), table_name="duty")
    op.drop_table("duty")
    op.drop_index(op.f("ix_court_order_participant"), table_name="court_order")
    op.drop_table("court_order")
    op.drop_table("site_exchange")
    op.drop_table("delegation")
    op.drop_table("contact")
    op.drop_table("conference")
    op.drop_table("breaker")
