"""The schema history of the roll-up's database."""

from rollup_worker.tables import metadata
from tideline.migrations import run_env

run_env(metadata)
