//! Papo's automation.
fn main() {}
