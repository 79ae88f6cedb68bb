//! What a command leaves behind: a text and an exit code.

use std::process::ExitCode;

/// What a command says when it is done.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// For standard output.
    pub(crate) text: String,
    /// For whoever started it.
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
