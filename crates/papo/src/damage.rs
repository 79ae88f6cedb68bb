//! The text about damage in a copy.

/// Names what is unreadable; empty if nothing is.
pub(crate) fn damage(unreadable: &[String]) -> String {
    if unreadable.is_empty() {
        return String::new();
    }
    format!(
        "Damaged there, and so in the copy:\n  {}\n",
        unreadable.join("\n  ")
    )
}
