//! Damage that goes along into a copy.

/// What to say of it.
pub(crate) fn damage(unreadable: &[String]) -> String {
    if unreadable.is_empty() {
        return String::new();
    }
    format!(
        "Damaged there, and so in the copy:\n  {}\n",
        unreadable.join("\n  ")
    )
}
