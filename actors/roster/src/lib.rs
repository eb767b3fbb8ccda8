//! Answers every question about people and seats: reads only
