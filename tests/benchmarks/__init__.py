"""Rates and latencies as ratios against a limit taken in the same run: the machine is shared, seconds mean little."""
