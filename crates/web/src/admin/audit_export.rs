//! `/admin/audit/export/`: the audit as a table of comma-separated values, for spreadsheets.
//!
//! The rows are read and sent page by page, so that an answer takes little memory however long it
//! is.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use hyper::body::Frame;
use papo_app::{Administrator, AuditFilter};
use papo_domain::{AuditAct, AuditEntry};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::audit::AuditSearch;
use crate::failure::Failure;
use crate::site::Site;
use crate::visitor::Admin;
use crate::waiting::Uncounted;

/// The most rows of an answer.
const ROWS: usize = 100_000;
/// How many rows are read at once.
const PORTION: usize = 500;
/// How long the reader may take for a portion.
const PATIENCE: Duration = Duration::from_secs(30);
/// The mark by which spreadsheets know UTF-8, and the names of the columns.
const HEAD: &str = "\u{feff}at,person,name,act,target,detail\r\n";

/// `GET /admin/audit/export/`
pub(crate) async fn export(
    State(site): State<Arc<Site>>,
    Admin(administrator): Admin,
    Query(search): Query<AuditSearch>,
) -> Result<Response, Failure> {
    let filter = search.filter(PORTION);
    // A database that is away gets its own answer. Later the answer can only be cut off.
    let first = site.app.find_audit(&administrator, filter.clone()).await?;
    let (output, input) = mpsc::channel(1);
    let sockets = site.sockets.clone();
    sockets.spawn(async move {
        if let Err(error) = write(&site, &administrator, filter, first, &output).await {
            tracing::debug!(%error, "an export of the audit was cut off");
            // Without this the rows so far would look like all of them.
            let _ = timeout(PATIENCE, output.send(Err(error))).await;
        }
    });
    let about = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
    ];
    let body = Body::new(Portions(input));
    // Only a portion or two wait for the reader.
    Ok((about, Extension(Uncounted), body).into_response())
}

/// Some rows, or why no more follow.
type Portion = Result<Bytes, CutOff>;

/// An answer that comes in portions.
struct Portions(mpsc::Receiver<Portion>);

impl HttpBody for Portions {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        let portion = self.0.poll_recv(context);
        portion.map(|portion| portion.map(|portion| portion.map(Frame::data)))
    }
}

/// Why an export ended before its end.
#[derive(Debug, thiserror::Error)]
enum CutOff {
    #[error("the reader has gone, or takes too long")]
    Reader,
    #[error("the server stops")]
    Stop,
    #[error(transparent)]
    App(#[from] papo_app::Error),
}

async fn write(
    site: &Site,
    administrator: &Administrator,
    filter: AuditFilter,
    mut entries: Vec<AuditEntry>,
    output: &mpsc::Sender<Portion>,
) -> Result<(), CutOff> {
    send(output, HEAD.to_owned()).await?;
    let mut left = ROWS;
    loop {
        let rows: String = entries.iter().take(left).map(row).collect();
        send(output, rows).await?;
        left = left.saturating_sub(entries.len());
        let Some(last) = entries.last().filter(|_| left > 0) else {
            return Ok(());
        };
        let next = AuditFilter {
            before: Some(last.id),
            ..filter.clone()
        };
        tokio::select! {
            found = site.app.find_audit(administrator, next) => entries = found?,
            () = site.stopping.cancelled() => return Err(CutOff::Stop),
        }
    }
}

async fn send(output: &mpsc::Sender<Portion>, text: String) -> Result<(), CutOff> {
    let sent = timeout(PATIENCE, output.send(Ok(text.into()))).await;
    sent.ok().and_then(Result::ok).ok_or(CutOff::Reader)
}

fn row(entry: &AuditEntry) -> String {
    let person = entry.by.as_ref().map(|by| by.person.to_string());
    let name = entry.by.as_ref().map(|by| by.name.as_str());
    let act = entry.act.as_ref();
    let (at, detail) = (entry.at.to_string(), act.map(AuditAct::to_stored));
    let cells: [&str; 6] = [
        &at,
        person.as_deref().unwrap_or_default(),
        name.unwrap_or_default(),
        act.map_or("damaged", AuditAct::code),
        act.map_or("", AuditAct::target),
        detail.as_deref().unwrap_or_default(),
    ];
    let mut row = cells.map(cell).join(",");
    row.push_str("\r\n");
    row
}

/// A cell in quotes. A spreadsheet would calculate with a text that begins like a formula, so an
/// apostrophe stands before it.
fn cell(text: &str) -> String {
    let first = text.trim_start().chars().next();
    let is_formula = matches!(
        first,
        Some('=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
    ) || text.starts_with(['\t', '\r', '\n']);
    let mark = if is_formula { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_data::audit_entries;

    #[test]
    fn nothing_in_a_cell_ends_it_or_is_calculated() {
        for (text, expected) in [
            ("Ana", r#""Ana""#),
            ("a,\"b\"\nc", "\"a,\"\"b\"\"\nc\""),
            ("=1+1", r#""'=1+1""#),
            (" @SUM(A1)", r#""' @SUM(A1)""#),
            ("-1", r#""'-1""#),
            ("\t=1", "\"'\t=1\""),
            ("＝1", r#""'＝1""#),
            ("a=1", r#""a=1""#),
            ("", r#""""#),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_row_has_a_cell_for_each_column() {
        for entry in audit_entries() {
            let row = row(&entry);
            assert!(row.starts_with("\"2026-11-24T18:51:34.120Z\","), "{row}");
            assert!(row.ends_with("\"\r\n"), "{row}");
        }
    }
}
