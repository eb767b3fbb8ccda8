//! Committed events onto the bus, in order, at least once
