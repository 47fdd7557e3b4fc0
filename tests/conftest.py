"""Every test sees the real parts: see tests/support/parts.py and stack.py for the fixtures."""

pytest_plugins = ["tests.support.parts", "tests.support.running", "tests.support.stack"]
