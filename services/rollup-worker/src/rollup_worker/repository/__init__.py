"""All SQL of the roll-up, by what it touches: facts, the dirty log, inputs of a judgement, judged statuses."""
