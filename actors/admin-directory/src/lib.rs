//! Organisations, administrators, API tokens, the audit trail
