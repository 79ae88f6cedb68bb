//! A schema on the tests' PostgreSQL, which a drop removes, and the place of the server's programs.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::runtime::Builder;
use tokio_postgres::NoTls;

/// Where the tests look when `PAPO_TEST_DATABASE_URL` names no server.
const STANDARD: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// The oldest that Papo works with.
const OLDEST: u32 = 13;

/// A schema on the server.
#[derive(Debug)]
pub struct Schema {
    server: String,
    name: String,
}

impl Schema {
    /// Makes a schema on the tests' server. Panics without one, and says what to do. Blocks.
    #[expect(clippy::new_without_default, reason = "it makes something elsewhere")]
    pub fn new() -> Self {
        Self::on(server())
    }

    /// Makes a schema on this server. Blocks.
    pub fn on(server: String) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("papo_test_{}_{number}", std::process::id());
        let make = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}");
        run(&server, make).unwrap_or_else(|error| panic!("{}", no_server(&error)));
        Self { server, name }
    }

    /// Its name. The names of its URLs' connections begin with it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URL of a database in it.
    pub fn url(&self) -> String {
        self.url_at(&self.server)
    }

    /// The URL by another address of the server.
    pub fn url_at(&self, server: &str) -> String {
        let (name, join) = (&self.name, if server.contains('?') { '&' } else { '?' });
        format!("{server}{join}options=-csearch_path%3D{name}&application_name={name}")
    }

    /// Runs statements in it that Papo has no way to run. Blocks.
    pub fn run(&self, sql: &str) {
        let sql = format!("SET search_path = {}; {sql}", self.name);
        run(&self.server, sql).expect("the statements run");
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let drop = format!("DROP SCHEMA IF EXISTS {} CASCADE", self.name);
        let dropped = run(&self.server, drop);
        if !std::thread::panicking() {
            dropped.expect("the schema can be dropped");
        }
    }
}

/// The server's URL.
pub fn server() -> String {
    std::env::var("PAPO_TEST_DATABASE_URL").unwrap_or_else(|_| STANDARD.to_owned())
}

/// Whether the server answers and accepts the tests. Blocks.
pub fn answers() -> bool {
    run(&server(), "SELECT 1".to_owned()).is_ok()
}

/// The folder of the newest PostgreSQL's programs, if its server is installed: Debian keeps them
/// out of the path.
pub fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let versions = versions.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let programs = entry.path().join("bin");
        (version >= OLDEST && programs.join("initdb").is_file()).then_some((version, programs))
    });
    let of_debian = versions.max().map(|(_, programs)| programs);
    let in_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file())
    };
    of_debian.or_else(in_path)
}

/// Runs statements on a thread and a connection of their own: the caller may be a task.
fn run(server: &str, sql: String) -> Result<(), tokio_postgres::Error> {
    let server = server.to_owned();
    let running = std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        runtime.block_on(async {
            // The tests' server is on this machine; how storage encrypts has its own test.
            let (client, connection) = tokio_postgres::connect(&server, NoTls).await?;
            let connection = tokio::spawn(connection);
            let done = client.batch_execute(&sql).await;
            drop(client);
            let _ = connection.await;
            done
        })
    });
    running.join().expect("the thread doesn't panic")
}

fn no_server(error: &tokio_postgres::Error) -> String {
    format!(
        "these tests need PostgreSQL, 13 or newer ({error}): `cargo xtask test` starts one; or run one at \
         127.0.0.1:5432 for the user postgres without a password; or name one, whose user may make schemas, in \
         PAPO_TEST_DATABASE_URL"
    )
}
