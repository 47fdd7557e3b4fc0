"""The schema history of the catalog's database."""

from opendata_catalog.tables import metadata
from tideline.migrations import run_env

run_env(metadata)
