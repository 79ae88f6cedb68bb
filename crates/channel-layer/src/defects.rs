//! Deliberate defects, each of which turns a trial of `cargo xtask torture` red: the proof that the
//! trial can fail.
//!
//! The feature `defects` compiles them in, and only `cargo xtask torture --defects` sets it.
//! Without it `has` is a constant `false`. `PAPO_DEFECT` chooses one. This crate has: `skip-gap`,
//! `sure-heads`.

/// Whether this defect was chosen.
pub(crate) fn has(name: &str) -> bool {
    cfg!(feature = "defects") && std::env::var("PAPO_DEFECT").is_ok_and(|chosen| chosen == name)
}
