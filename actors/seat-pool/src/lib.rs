//! Plans, memberships, seats, holds, waiting list, ledger: decides every admission
