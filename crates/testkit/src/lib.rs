//! Real servers for tests: nats-server, PostgreSQL, an SMTP sink
