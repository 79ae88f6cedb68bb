//! The `papo` command.
fn main() {}
