//! Load scenarios, each a ratio against a baseline interleaved in the same run
