"""The schema history of the plan's database."""

from goals_api.tables import Base
from tideline.migrations import run_env

run_env(Base.metadata)
