"""The whole of Tideline on one machine: PostgreSQL, NATS, the gateway and the services, under one supervisor."""
