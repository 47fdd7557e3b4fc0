"""The first city: Tacoma 2025 as a plan document, its published figures, and sample series for the rest."""

from deploy.seed.loading import SeedFault, Summary, load

__all__ = ["SeedFault", "Summary", "load"]
