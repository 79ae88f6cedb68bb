//! The result of a command: a text and an exit code.

use std::process::ExitCode;

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// For standard output.
    pub(crate) text: String,
    /// For the shell.
    pub(crate) exit_code: ExitCode,
}

impl From<String> for Outcome {
    fn from(text: String) -> Self {
        Self {
            text,
            exit_code: ExitCode::SUCCESS,
        }
    }
}
