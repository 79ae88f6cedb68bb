//! Papo's load generator: one thread, one epoll, and no more parsing than a figure needs.
//!
//! `cargo xtask bench` runs it against Papo and against the bare server in `floor/`, and compares.
//! Each scenario is a module with its arguments and a `run` that returns a [`report`]. The
//! generator trusts its server: it scans frames for the few digits that it put into them, and
//! checks order only where a scenario is about order.

pub mod connection;
pub mod fanout;
pub mod frames;
pub mod history;
pub mod idle;
pub mod page;
pub mod post;
pub mod process;
pub mod report;
pub mod resume;
pub mod sidebar;
pub mod sync;
pub mod welcome;

mod crowd;
mod http;
mod scan;
mod sessions;
mod target;
mod times;

pub use target::Target;
