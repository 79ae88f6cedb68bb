//! The limit of open files, and so of connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files besides people's connections: those of the database, the log and the runtime.
pub(crate) const OWN_FILES: u64 = 64;

/// Raises the limit as far as the system allows. The usual 1,024 suit other programs.
pub(super) fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "can't raise the limit of open files");
    }
}

/// How many usual connections there can be, of the configured number. The limit of open files also
/// covers the reserved places and the process's own files.
pub(super) fn connections(allowed: usize) -> usize {
    let Some(limit) = getrlimit(Resource::Nofile).current else {
        return allowed;
    };
    let possible = limit.saturating_sub(OWN_FILES + papo_web::KEPT_PLACES as u64);
    let possible = usize::try_from(possible).unwrap_or(usize::MAX).max(1);
    if possible < allowed {
        tracing::info!(
            "at most {possible} connections: the limit of open files is {limit}; LimitNOFILE in the \
             systemd unit, or ulimit -Hn, raises it"
        );
    }
    allowed.min(possible)
}
