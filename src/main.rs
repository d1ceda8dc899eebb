//! hubjobs.
fn main() {}
