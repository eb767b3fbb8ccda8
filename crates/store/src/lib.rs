//! The database: connections, transactions, dialect, outbox, audit
