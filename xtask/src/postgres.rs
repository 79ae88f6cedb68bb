//! A PostgreSQL for the tests: a named or running one, or a private one that ends with them.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use papo_testing::postgres;
use tempfile::TempDir;

use crate::requirements::{install, is_root};
use crate::run::step;

/// The variable that the tests read, `papo_testing::postgres`.
const VARIABLE: &str = "PAPO_TEST_DATABASE_URL";
/// Where the private one listens.
const ADDRESS: &str = "127.0.0.1";
/// How long it may take to start or stop.
const PATIENCE: &str = "60";

/// A server that the tests can use, until this is dropped.
pub(crate) struct Postgres {
    /// Its URL, if the tests wouldn't find it by themselves.
    url: Option<String>,
    private: Option<Private>,
}

/// A server that was started here.
struct Private {
    programs: PathBuf,
    folder: TempDir,
}

impl Postgres {
    /// Finds a server, or starts one.
    pub(crate) fn for_tests() -> Result<Self> {
        if std::env::var_os(VARIABLE).is_some() || postgres::answers() {
            return Ok(Self {
                url: None,
                private: None,
            });
        }
        Self::private().context("or name a server in PAPO_TEST_DATABASE_URL")
    }

    /// A server that nobody else uses.
    pub(crate) fn private() -> Result<Self> {
        Private::start(install_server()?)
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        self.url.clone().unwrap_or_else(postgres::server)
    }

    /// Its first process, if it was started here.
    pub(crate) fn process(&self) -> Result<u32> {
        let private = self.private.as_ref().context("it runs elsewhere")?;
        let file = private.data().join("postmaster.pid");
        let text = std::fs::read_to_string(file)?;
        Ok(text.lines().next().context("a number")?.trim().parse()?)
    }

    /// Sets the server's URL for a command.
    pub(crate) fn tell(&self, command: &mut Command) {
        if let Some(url) = &self.url {
            command.env(VARIABLE, url);
        }
    }
}

/// The folder of PostgreSQL's server programs. Installs them if they are missing: some trials start
/// servers of their own.
pub(crate) fn install_server() -> Result<PathBuf> {
    if postgres::programs().is_none() {
        install("postgresql")?;
    }
    postgres::programs().context(
        "PostgreSQL 13 or newer is needed: install it (on Debian: apt-get install postgresql)",
    )
}

impl Private {
    fn start(programs: PathBuf) -> Result<Postgres> {
        let folder = tempfile::Builder::new()
            .prefix("papo-postgres-")
            .tempdir()?;
        let private = Self { programs, folder };
        if is_root() {
            // The server refuses to run as root.
            step(
                private
                    .command("chown", false)
                    .arg("postgres")
                    .arg(private.folder.path()),
            )?;
        }
        let data = private.data();
        let mut make = private.program("initdb");
        make.args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
        ]);
        step(make.arg("--pgdata").arg(&data))?;
        // The port is free now. If another program takes it meanwhile, the start fails with a
        // message.
        let port = TcpListener::bind((ADDRESS, 0))?.local_addr()?.port();
        let sockets = private.folder.path().display();
        let options = format!(
            "-c listen_addresses={ADDRESS} -c port={port} -c unix_socket_directories={sockets}"
        );
        let mut start = private.program("pg_ctl");
        start.args([
            "start",
            "--wait",
            "--silent",
            "--timeout",
            PATIENCE,
            "--options",
            &options,
        ]);
        start.arg("--log").arg(private.folder.path().join("log"));
        step(start.arg("--pgdata").arg(&data).stdout(Stdio::null()))?;
        Ok(Postgres {
            url: Some(format!("postgres://postgres@{ADDRESS}:{port}/postgres")),
            private: Some(private),
        })
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of PostgreSQL's programs, as a user that it accepts.
    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        self.command(&path.to_string_lossy(), is_root())
    }

    fn command(&self, program: &str, as_postgres: bool) -> Command {
        let mut command = if as_postgres {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", program]);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let mut stop = self.program("pg_ctl");
        stop.args([
            "stop",
            "--wait",
            "--silent",
            "--timeout",
            PATIENCE,
            "--mode",
            "fast",
        ]);
        if let Err(error) = step(stop.arg("--pgdata").arg(self.data())) {
            eprintln!(
                "the tests' PostgreSQL in {} didn't stop: {error}",
                self.folder.path().display()
            );
        }
    }
}
