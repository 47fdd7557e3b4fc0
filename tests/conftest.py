"""Every test sees the real parts: see tests/support/parts.py for the fixtures."""

pytest_plugins = ["tests.support.parts"]
