"""Facts with knowledge time, the dirty log, ticks and assessments"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "assessment",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("line", sa.JSON(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("public_document", sa.JSON(), nullable=True),
        sa.Column("changed", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("stale_on", sa.Date(), nullable=True),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_to", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kind", "code", "version"),
    )
    op.create_index(
        "assessment_current", "assessment", ["kind", "code"], unique=True, postgresql_where=sa.text("known_to is null")
    )
    op.create_index(
        "assessment_stale_on", "assessment", ["stale_on"], unique=False, postgresql_where=sa.text("known_to is null")
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
    op.create_table(
        "definition",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_to", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kind", "code", "version"),
    )
    op.create_index(
        "definition_current", "definition", ["kind", "code"], unique=True, postgresql_where=sa.text("known_to is null")
    )
    op.create_table(
        "dirty",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("cause", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "edge",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("parent_kind", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=False),
        sa.Column("child_kind", sa.Text(), nullable=False),
        sa.Column("child_code", sa.Text(), nullable=False),
        sa.Column("weight", sa.Numeric(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_to", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "edge_current",
        "edge",
        ["parent_kind", "parent_code", "child_kind", "child_code"],
        unique=True,
        postgresql_where=sa.text("known_to is null"),
    )
    op.create_index(
        "edge_of_child",
        "edge",
        ["child_kind", "child_code"],
        unique=False,
        postgresql_where=sa.text("known_to is null"),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("uid"),
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "observation",
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("breakdown", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=True),
        sa.Column("value", sa.Numeric(), nullable=True),
        sa.Column("numerator", sa.Numeric(), nullable=True),
        sa.Column("denominator", sa.Numeric(), nullable=True),
        sa.Column("flag", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("batch", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "reported",
            sa.Boolean(),
            sa.Computed(
                "period_start is not null and flag is distinct from 'withdrawn' "
                "and (value is not null or (numerator is not null and denominator is not null))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_to", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("measure", "period", "breakdown", "revision"),
    )
    op.create_index(
        "observation_latest",
        "observation",
        ["measure", "period_start"],
        unique=False,
        postgresql_where=sa.text("known_to is null and reported"),
    )
    op.create_table(
        "pending", sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False), sa.PrimaryKeyConstraint("id")
    )
    op.create_table(
        "published",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
    )
    op.create_table(
        "refill",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
    )
    op.create_table(
        "relay",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "target",
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("breakdown", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=True),
        sa.Column("lower", sa.Numeric(), nullable=True),
        sa.Column("upper", sa.Numeric(), nullable=True),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_to", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("measure", "period", "breakdown", "version"),
    )
    op.create_table(
        "tick",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )


def downgrade() -> None:
    op.drop_table("tick")
    op.drop_table("target")
    op.drop_table("relay")
    op.drop_table("refill")
    op.drop_table("published")
    op.drop_table("pending")
    op.drop_index(
        "observation_latest", table_name="observation", postgresql_where=sa.text("known_to is null and reported")
    )
    op.drop_table("observation")
    op.drop_table("inbox")
    op.drop_table("event")
    op.drop_index("edge_of_child", table_name="edge", postgresql_where=sa.text("known_to is null"))
    op.drop_index("edge_current", table_name="edge", postgresql_where=sa.text("known_to is null"))
    op.drop_table("edge")
    op.drop_table("dirty")
    op.drop_index("definition_current", table_name="definition", postgresql_where=sa.text("known_to is null"))
    op.drop_table("definition")
    op.drop_table("dead_letter")
    op.drop_index("assessment_stale_on", table_name="assessment", postgresql_where=sa.text("known_to is null"))
    op.drop_index("assessment_current", table_name="assessment", postgresql_where=sa.text("known_to is null"))
    op.drop_table("assessment")
