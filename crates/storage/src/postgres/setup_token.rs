//! The hash of the one-time token, in table `papo`.

use super::connection::Connection;
use super::errors::Failure;
use crate::TokenHash;

/// Stores the hash of a new one-time token.
pub(super) async fn set(db: &Connection, token: TokenHash) -> Result<(), Failure> {
    let sql = "UPDATE papo SET setup_token = $1";
    db.execute(sql, &[&token.0.as_slice()]).await?;
    Ok(())
}

/// Whether this is the one-time token.
pub(super) async fn matches(db: &Connection, token: TokenHash) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM papo WHERE setup_token = $1";
    Ok(db.row(sql, &[&token.0.as_slice()]).await?.is_some())
}

/// Deletes the one-time token: there is an administrator.
pub(super) async fn end(db: &Connection) -> Result<(), Failure> {
    db.execute("UPDATE papo SET setup_token = NULL", &[])
        .await?;
    Ok(())
}
