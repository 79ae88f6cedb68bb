//! How many files, and so connections, the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are open besides people's connections: the database's, the log, what the runtime
/// needs.
pub(crate) const OWN_FILES: u64 = 64;

/// Takes all that the system allows; the usual 1,024 are for programs of another kind.
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

/// How many connections there can be, of as many as are allowed. The shares of addresses, and what
/// is kept for health checks and administration, are of these: nobody could be let in beyond them.
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
