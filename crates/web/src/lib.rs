//! The HTTP server: pages, sockets and the administration. HTTP and HTML are only here.
//!
//! A handler extracts the input, calls the application and renders the result; rules are elsewhere.
//! Start reading at `routes.rs`.

mod admin;
mod assets;
mod caller;
mod cookies;
mod defects;
mod encoding;
mod failure;
mod form_errors;
mod language;
mod link;
mod middleware;
mod origin;
mod page;
mod pages;
mod query;
mod reader;
mod routes;
#[cfg(test)]
mod sample_data;
#[cfg(test)]
mod samples;
mod server;
mod settings;
mod site;
mod visitor;
mod waiting;
mod ws;

pub use origin::{Origin, OriginError};
pub use server::{KEPT_PLACES, run};
pub use settings::{AddressRange, AddressRangeError, MetricsWriter, WebSettings};
