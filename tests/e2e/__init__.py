"""The whole running system, spoken to as a city, a feed or a partner would: over HTTP and NATS only."""
