//! A connection: how it is made and configured, where it must lead, and its prepared statements.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row, SimpleQueryMessage, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::errors::{self, Failure};
use super::tls;
use super::url::{CONNECT_LIMIT, DatabaseUrl};
use crate::StorageError;

/// The server ends a statement that takes longer. Work that reads everything sets its own limit.
const STATEMENT_LIMIT: Duration = Duration::from_secs(4);
/// The server ends a statement that waits longer for somebody else's transaction.
const LOCK_LIMIT: Duration = Duration::from_secs(3);
/// The server ends a transaction whose client says nothing for so long.
const IDLE_LIMIT: Duration = Duration::from_secs(10);
/// Settings of a session without time limits. Before version 14 an idle session has no limit of its
/// own.
const PATIENT: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
    SET enable_hashjoin = off; SET enable_mergejoin = off; \
    SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'";
/// For a transaction that reads whole tables.
pub(super) const WHOLE_TABLES: &str = "SET LOCAL enable_seqscan = on; \
    SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on";
/// The home of the history: the database, the table in it if it exists, and the server's timeline.
/// It differs after a backup was restored or a replica has taken over.
pub(super) const HOME: &str = "SELECT concat_ws('/', (SELECT oid FROM pg_database WHERE datname = current_database()), \
    to_regclass('papo')::oid, left(pg_walfile_name(pg_current_wal_lsn()), 8))";
/// How long the server has to read the good-bye.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// A value of a statement.
pub(super) type Value<'a> = &'a (dyn ToSql + Sync);

/// Makes connections.
pub(super) struct Connector {
    url: DatabaseUrl,
    tls: MakeRustlsConnect,
    /// The home of the history.
    home: OnceLock<String>,
    /// Whether a later connection led elsewhere.
    is_elsewhere: AtomicBool,
}

/// A configured connection.
pub(super) struct Connection {
    client: Client,
    statements: Mutex<HashMap<String, Statement>>,
    driver: Driver,
}

/// The task that moves the bytes; ends with the connection.
struct Driver(JoinHandle<()>);

impl Connector {
    /// Reads the certificates' files.
    pub(super) fn new(url: DatabaseUrl) -> Result<Self, StorageError> {
        let tls = tls::connector(&url.encryption)?;
        Ok(Self {
            url,
            tls,
            home: OnceLock::new(),
            is_elsewhere: AtomicBool::new(false),
        })
    }

    /// Requires all later connections to lead to this home. A restored server, or a replica that
    /// has taken over, goes on with a history that isn't what people have seen.
    pub(super) fn stay_at(&self, home: String) {
        // The first call counts.
        let _ = self.home.set(home);
    }

    /// Fails once a connection has led elsewhere.
    pub(super) fn check_home(&self) -> Result<(), StorageError> {
        if self.is_elsewhere.load(Ordering::Acquire) {
            let text = "a replica has taken over, or a backup was restored, since papo was started";
            return Err(self.named(StorageError::Broken(text.into())));
        }
        Ok(())
    }

    /// Connects within [`CONNECT_LIMIT`]. The name shows in the server's list of sessions. An error
    /// says where it tried to connect.
    pub(super) async fn connect(&self, name: &str) -> Result<Connection, StorageError> {
        self.check_home()?;
        let connecting = tokio::time::timeout(CONNECT_LIMIT, self.try_connect(name));
        let connected = connecting.await.unwrap_or_else(|_| {
            let text = format!("no answer within {} s", CONNECT_LIMIT.as_secs());
            Err(StorageError::Unavailable(text))
        });
        let connection = connected.map_err(|error| self.named(error))?;
        self.check_home()?;
        Ok(connection)
    }

    /// Connects for work that reads or writes everything, without time limits. It reads by index
    /// only: a plan for small tables would later scan all rows for each page.
    pub(super) async fn connect_patiently(&self, name: &str) -> Result<Connection, StorageError> {
        let db = self.connect(name).await?;
        let set_up = db.batch(PATIENT).await;
        set_up.map_err(|failure| self.named(failure.into_error()))?;
        Ok(db)
    }

    /// Adds the address to an error.
    pub(super) fn named(&self, error: StorageError) -> StorageError {
        let named = |text| format!("{}: {text}", self.url);
        match error {
            StorageError::Unavailable(text) => StorageError::Unavailable(named(text)),
            StorageError::Full(text) => StorageError::Full(named(text)),
            StorageError::Broken(text) => StorageError::Broken(named(text)),
            StorageError::Other(text) => StorageError::Other(named(text)),
            other => other,
        }
    }

    /// The name after the one in the URL, so that the server's list of sessions says which Papo it
    /// is.
    pub(super) fn called(&self, name: &str) -> String {
        match self.url.config.get_application_name() {
            Some(given) => format!("{given} {name}"),
            None => format!("papo {name}"),
        }
    }

    async fn try_connect(&self, name: &str) -> Result<Connection, StorageError> {
        let mut config = self.url.config.clone();
        config.application_name(self.called(name));
        let failed = |error| errors::at_connect(&error);
        // The two types of connection have only their driver in common.
        let (client, driver) = if self.url.is_plain() {
            let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
            (client, tokio::spawn(drive(connection)))
        } else {
            let (client, connection) = config.connect(self.tls.clone()).await.map_err(failed)?;
            (client, tokio::spawn(drive(connection)))
        };
        let connection = Connection {
            client,
            statements: Mutex::default(),
            driver: Driver(driver),
        };
        self.set_up(&connection)
            .await
            .map_err(Failure::into_error)?;
        Ok(connection)
    }

    /// Configures the session and asks for its home, in one round trip.
    async fn set_up(&self, connection: &Connection) -> Result<(), Failure> {
        let answers = connection.client.simple_query(&settings()).await?;
        let home = answers.iter().find_map(|answer| match answer {
            SimpleQueryMessage::Row(row) => row.get("home"),
            _ => None,
        });
        let Some(home) = home else {
            let text = "it is a replica, which can't be written to".to_owned();
            return Err(StorageError::Unavailable(text).into());
        };
        if let Some(known) = self.home.get()
            && known != home
        {
            tracing::error!(known, home, "the database is another than the one opened");
            self.is_elsewhere.store(true, Ordering::Release);
        }
        Ok(())
    }
}

impl Connection {
    /// The rows of a statement.
    pub(super) async fn rows(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Failure> {
        let statement = self.statement(sql).await?;
        Ok(self.client.query(&statement, values).await?)
    }

    /// The one row of a statement, if there is one.
    pub(super) async fn row(
        &self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, Failure> {
        Ok(self.rows(sql, values).await?.pop())
    }

    /// How many rows a statement changed.
    pub(super) async fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, Failure> {
        let statement = self.statement(sql).await?;
        Ok(self.client.execute(&statement, values).await?)
    }

    /// Runs statements without values.
    pub(super) async fn batch(&self, sql: &str) -> Result<(), Failure> {
        Ok(self.client.batch_execute(sql).await?)
    }

    /// A statement, which its first use prepares. Statements that are prepared already and used in
    /// one poll are sent in order, without waiting for answers.
    pub(super) async fn statement(&self, sql: &str) -> Result<Statement, Failure> {
        if let Some(statement) = self.statements().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        self.statements().insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// The library's connection.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Whether it is known to have ended.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Says good-bye, and waits a moment for the server to read it.
    pub(super) async fn close(self) {
        let Self {
            client, mut driver, ..
        } = self;
        drop(client);
        let _ = tokio::time::timeout(CLOSE_LIMIT, &mut driver.0).await;
    }

    fn statements(&self) -> std::sync::MutexGuard<'_, HashMap<String, Statement>> {
        self.statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn drive<S, T>(connection: tokio_postgres::Connection<S, T>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    // A caller that waits for an answer gets the error. Without one, the next caller finds the
    // connection closed.
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to the database ended");
    }
}

/// The settings of a session, and the question for its home, which a replica doesn't answer.
/// `synchronous_commit` becomes `on`, unless the server's default promises more. A bitmap would be
/// made of all rows on a condition, even where a limit ends the read after the first few.
fn settings() -> String {
    format!(
        "SET statement_timeout = {}; SET lock_timeout = {}; \
         SET idle_in_transaction_session_timeout = {}; \
         SET default_transaction_isolation = 'read committed'; SET client_min_messages = warning; \
         SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off; \
         SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') \
         WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false), \
         CASE WHEN NOT pg_is_in_recovery() THEN ({HOME}) END AS home",
        STATEMENT_LIMIT.as_millis(),
        LOCK_LIMIT.as_millis(),
        IDLE_LIMIT.as_millis(),
    )
}
