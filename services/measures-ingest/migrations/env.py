"""The schema history of the observations' database."""

from measures_ingest.tables import metadata
from tideline.migrations import run_env

run_env(metadata)
