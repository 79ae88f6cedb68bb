//! One connection: how it is made, what it is set to, where it must lead, and its prepared
//! statements.

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

/// The server ends a statement that takes longer. What reads everything sets its own limit.
const STATEMENT_LIMIT: Duration = Duration::from_secs(4);
/// The server ends a statement that waits longer for somebody else's transaction.
const LOCK_LIMIT: Duration = Duration::from_secs(3);
/// The server ends a transaction whose client says nothing for so long.
const IDLE_LIMIT: Duration = Duration::from_secs(10);
/// What a session is set to that takes its time. Before version 14 sessions have no limit of their
/// own.
const PATIENT: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
    SET enable_hashjoin = off; SET enable_mergejoin = off; \
    SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'";
/// For what reads whole tables, in a transaction.
pub(super) const WHOLE_TABLES: &str = "SET LOCAL enable_seqscan = on; \
    SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on";
/// Where the history lives: the database, the table in it if it is there, and the server's
/// timeline. Another one is found when a backup has been restored, or a replica has taken over.
pub(super) const HOME: &str = "SELECT concat_ws('/', (SELECT oid FROM pg_database WHERE datname = current_database()), \
    to_regclass('papo')::oid, left(pg_walfile_name(pg_current_wal_lsn()), 8))";
/// How long the other end gets to read the good-bye.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// A value of a statement.
pub(super) type Value<'a> = &'a (dyn ToSql + Sync);

/// What connections are made with.
pub(super) struct Connector {
    url: DatabaseUrl,
    tls: MakeRustlsConnect,
    /// Where the history lives that was opened.
    home: OnceLock<String>,
    /// Whether a connection has led elsewhere since.
    is_elsewhere: AtomicBool,
}

/// A connection that is set up.
pub(super) struct Connection {
    client: Client,
    statements: Mutex<HashMap<String, Statement>>,
    driver: Driver,
}

/// The task that moves the bytes; ends with the connection.
struct Driver(JoinHandle<()>);

impl Connector {
    /// Reads what it needs of files.
    pub(super) fn new(url: DatabaseUrl) -> Result<Self, StorageError> {
        let tls = tls::connector(&url.encryption)?;
        Ok(Self {
            url,
            tls,
            home: OnceLock::new(),
            is_elsewhere: AtomicBool::new(false),
        })
    }

    /// From now on a connection must lead here: what a server that was restored, or a replica that
    /// has taken over, goes on with isn't what people have seen.
    pub(super) fn stay_at(&self, home: String) {
        // The first stays.
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

    /// Connects within [`CONNECT_LIMIT`]. The name is what the server's administrator sees. Fails
    /// with what says where it tried.
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

    /// The same for what reads or writes everything, by itself and in tables that nobody may have
    /// counted yet: as long as it takes, and by the indexes' order, where a plan for more rows than
    /// there were a moment ago would read all of them for each page.
    pub(super) async fn connect_patiently(&self, name: &str) -> Result<Connection, StorageError> {
        let db = self.connect(name).await?;
        let set_up = db.batch(PATIENT).await;
        set_up.map_err(|failure| self.named(failure.into_error()))?;
        Ok(db)
    }

    /// Puts before an error where it happened.
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

    /// The name with the one that the URL gives before it, so that whoever looks at the server
    /// knows which Papo it is.
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
        // Two types of connection, of which only the driver knows.
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

    /// Sets the session up, and looks where it is, in one go.
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

    /// A statement, prepared when it is asked for the first time. What is asked of prepared
    /// statements in one poll is sent in that order, without waiting for answers between.
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

    /// Whether it has ended, as far as is known.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Says good-bye, and waits a moment until it is heard.
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
    // Whoever waits for an answer is told; nobody waiting, the next one finds it closed.
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to the database ended");
    }
}

/// What a session is set to; and a question, whose answer is no home on a replica.
/// `synchronous_commit` is on, whatever the server's default is, unless that promises more.
fn settings() -> String {
    format!(
        "SET statement_timeout = {}; SET lock_timeout = {}; \
         SET idle_in_transaction_session_timeout = {}; \
         SET default_transaction_isolation = 'read committed'; SET client_min_messages = warning; \
         SET enable_seqscan = off; SET jit = off; \
         SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') \
         WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false), \
         CASE WHEN NOT pg_is_in_recovery() THEN ({HOME}) END AS home",
        STATEMENT_LIMIT.as_millis(),
        LOCK_LIMIT.as_millis(),
        IDLE_LIMIT.as_millis(),
    )
}
