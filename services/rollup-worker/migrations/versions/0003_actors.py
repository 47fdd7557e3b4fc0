"""Who pushed what is still to be told as a restatement"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("restatement", sa.Column("actor", sa.Text(), nullable=False, server_default=""))
    op.alter_column("restatement", "actor", server_default=None)


def downgrade() -> None:
    op.drop_column("restatement", "actor")
