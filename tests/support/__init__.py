"""What several suites share: the real parts they run on."""
