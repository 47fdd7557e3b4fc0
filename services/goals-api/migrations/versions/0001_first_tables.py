"""The plan: areas, departments, goals, measures, targets with knowledge time, history, outbox"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    _plans()
    _areas_and_departments()
    _measures()
    _goals()
    _targets()
    _history()
    _outbox()


def downgrade() -> None:
    for table in ("relay", "refill", "published", "pending", "event"):
        op.drop_table(table)
    for table in ("change", "target", "goal", "measure", "department", "area", "plan"):
        op.drop_table(table)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _codes(name: str) -> sa.Column[list[str]]:
    return sa.Column(name, postgresql.ARRAY(sa.Text()), nullable=False)


def _number(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Numeric(), nullable=nullable)


def _json(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(), nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _entity(table: str, *own: sa.Column[object] | sa.ForeignKeyConstraint) -> None:
    op.create_table(
        table,
        _text("code"),
        _text("title"),
        _text("description"),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("plan", nullable=True),
        sa.Column("retired", sa.Boolean(), nullable=False),
        _text("retirement_note"),
        _at("changed_at"),
        *own,
        sa.PrimaryKeyConstraint("code"),
        sa.ForeignKeyConstraint(["plan"], ["plan.code"]),
    )
    op.create_index(f"ix_{table}_plan", table, ["plan"])


def _plans() -> None:
    op.create_table(
        "plan",
        _text("code"),
        _text("title"),
        sa.Column("adopted_on", sa.Date(), nullable=True),
        _text("resolution", nullable=True),
        _text("description"),
        _json("versions"),
        sa.Column("version", sa.Integer(), nullable=False),
        _at("changed_at"),
        sa.PrimaryKeyConstraint("code"),
    )


def _areas_and_departments() -> None:
    _entity(
        "area",
        _text("kind"),
        _text("plan_version", nullable=True),
        _codes("parents"),
        _codes("related"),
        _text("policy"),
        _number("minimum_coverage"),
    )
    _entity(
        "department",
        _json("names"),
        _text("merged_into", nullable=True),
        _text("policy"),
        _number("minimum_coverage"),
        _number("weight"),
    )


def _measures() -> None:
    _entity(
        "measure",
        _text("department", nullable=True),
        _codes("areas"),
        _text("type"),
        _text("unit"),
        _text("direction"),
        _text("frequency"),
        _json("calendar"),
        _json("aggregation"),
        _number("multiplier"),
        _codes("breakdowns"),
        _number("minimum", nullable=True),
        _number("maximum", nullable=True),
        _text("source"),
        _text("collection_method"),
        _text("owner", nullable=True),
        _json("method", nullable=True),
        sa.Column("grace_days", sa.Integer(), nullable=True),
        _number("weight"),
        _json("baseline", nullable=True),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["department"], ["department.code"]),
    )
    op.create_index("ix_measure_department", "measure", ["department"])


def _goals() -> None:
    _entity(
        "goal",
        _text("department", nullable=True),
        _codes("areas"),
        sa.Column("horizon_years", sa.Integer(), nullable=True),
        _text("biennium", nullable=True),
        _codes("owners"),
        _text("kpi", nullable=True),
        _json("metrics"),
        _text("policy"),
        _number("minimum_coverage"),
        _number("weight"),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["department"], ["department.code"]),
        sa.ForeignKeyConstraint(["kpi"], ["measure.code"]),
    )
    op.create_index("ix_goal_department", "goal", ["department"])


def _targets() -> None:
    op.create_table(
        "target",
        _text("measure"),
        _text("period"),
        _text("breakdown_key"),
        sa.Column("version", sa.Integer(), nullable=False),
        _number("value", nullable=True),
        _number("lower", nullable=True),
        _number("upper", nullable=True),
        _text("reason"),
        sa.Column("sample", sa.Boolean(), nullable=False),
        _text("actor"),
        _at("known_from"),
        _at("known_to", nullable=True),
        sa.PrimaryKeyConstraint("measure", "period", "breakdown_key", "version"),
        sa.ForeignKeyConstraint(["measure"], ["measure.code"]),
    )
    op.create_index(
        "target_standing",
        "target",
        ["measure", "period", "breakdown_key"],
        unique=True,
        postgresql_where=sa.text("known_to IS NULL"),
    )


def _history() -> None:
    op.create_table(
        "change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        _text("kind"),
        _text("code"),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("action"),
        _codes("fields"),
        _text("note"),
        _text("plan", nullable=True),
        _text("actor"),
        _at("at"),
        _json("content"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("change_entity", "change", ["kind", "code", "id"])


def _outbox() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        _text("entity"),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("type"),
        _text("subject"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _at("at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("uid"),
    )
    op.create_table(
        "pending",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for table in ("published", "refill"):
        op.create_table(
            table,
            sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column("id", sa.BigInteger(), nullable=False),
            sa.PrimaryKeyConstraint("seq"),
            sa.UniqueConstraint("id"),
        )
    op.create_table(
        "relay",
        _text("name"),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
