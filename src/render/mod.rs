//! Forms text for people out of data. Nothing is printed here.

pub mod problems;
