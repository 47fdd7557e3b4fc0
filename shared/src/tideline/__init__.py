"""Words and wires that the Tideline services share: what is said, and how it travels."""
