"""Series know how their period ids are read; definitions know formulas and peers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

# What was stored up to here was read in the calendar that its measure has now.
_SCHEME = """
update series s set scheme = m.frequency || case
    when m.frequency in ('day', 'week', 'month') then ''
    when m.frequency = 'biennium' then '/' || m.fiscal_year_start_month
        || case when m.biennium_starts_odd then '/odd' else '/even' end
    else '/' || m.fiscal_year_start_month end
from measure m where m.code = s.measure
"""


def upgrade() -> None:
    op.add_column("measure", sa.Column("derived", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("measure", "derived", server_default=None)
    op.add_column("measure", sa.Column("peers", postgresql.ARRAY(sa.Text()), nullable=False, server_default="{}"))
    op.alter_column("measure", "peers", server_default=None)
    op.add_column("series", sa.Column("scheme", sa.Text(), nullable=False, server_default="month"))
    op.alter_column("series", "scheme", server_default=None)
    op.execute(_SCHEME)
    op.drop_constraint("series_measure_breakdown_key", "series", type_="unique")
    op.create_unique_constraint("series_measure_breakdown_scheme_key", "series", ["measure", "breakdown", "scheme"])


def downgrade() -> None:
    op.drop_constraint("series_measure_breakdown_scheme_key", "series", type_="unique")
    op.create_unique_constraint("series_measure_breakdown_key", "series", ["measure", "breakdown"])
    op.drop_column("series", "scheme")
    op.drop_column("measure", "peers")
    op.drop_column("measure", "derived")
