//! Accounts, credentials, proofs: who somebody is
