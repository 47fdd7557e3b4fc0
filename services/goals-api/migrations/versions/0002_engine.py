"""The city with its calendar, derived measures, peers and equity rules, and the methods that are offered"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _city()
    _measures()
    _offered()
    _inbox()


def downgrade() -> None:
    for table in ("dead_letter", "inbox", "offered_method", "city"):
        op.drop_table(table)
    for column in ("suppress_under", "equity", "peers", "weighted_by", "formula", "calendar_from"):
        op.drop_column("measure", column)


def _city() -> None:
    op.create_table(
        "city",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("calendar", postgresql.JSONB(), nullable=False),
        sa.Column("suppress_under", sa.Integer(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("minimum_coverage", sa.Numeric(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )


def _measures() -> None:
    """What has the standard calendar never chose one: it follows the city's, which starts as the standard one."""
    standard = 'calendar = \'{"fiscal_year_start_month": 1, "biennium_starts_odd": true}\'::jsonb'
    op.add_column("measure", sa.Column("calendar_from", sa.Text(), nullable=False, server_default="measure"))
    op.execute(f"update measure set calendar_from = 'city' where {standard}")  # noqa: S608 - no word from outside
    op.alter_column("measure", "calendar_from", server_default=None)
    op.add_column("measure", sa.Column("formula", sa.Text(), nullable=True))
    op.add_column("measure", sa.Column("weighted_by", sa.Text(), nullable=True))
    for column in ("peers", "equity"):
        op.add_column("measure", sa.Column(column, postgresql.JSONB(), nullable=False, server_default="[]"))
        op.alter_column("measure", column, server_default=None)
    op.add_column("measure", sa.Column("suppress_under", sa.Integer(), nullable=True))


def _offered() -> None:
    op.create_table(
        "offered_method",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("in_force", sa.Boolean(), nullable=False),
        sa.Column("params", postgresql.JSONB(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", "version"),
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "dead_letter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replayed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
