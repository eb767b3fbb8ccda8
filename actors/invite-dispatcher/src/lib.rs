//! All mail leaves here
