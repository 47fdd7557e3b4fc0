"""The strategic plan: areas, departments, goals, measures, targets."""
