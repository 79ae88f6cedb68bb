//! What is under test: a node with a database in its own folder, or nodes that share one on a
//! PostgreSQL server and are joined by NATS.
//!
//! Each has a schema of its own there, and so an epoch of its own, which keeps it apart at NATS.

use std::net::SocketAddr;

use anyhow::Result;
use clap::ValueEnum;
use papo_testing::postgres::Schema;
use papo_testing::{Server, ServerBuilder};
use tempfile::TempDir;

use crate::database::Place;
use crate::trials::Context;

/// Names NATS, unless it is at its usual port here.
pub(crate) const NATS: &str = "PAPO_TEST_NATS_URL";
pub(crate) const USUAL_NATS: &str = "nats://127.0.0.1:4222";

/// What Papo works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ground {
    /// One node, its database in a file.
    Sqlite,
    /// Nodes that share a database on a PostgreSQL server and are joined by NATS.
    Postgres,
}

impl Ground {
    /// For people.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// One or several nodes, running.
#[derive(Debug)]
pub(crate) struct Instance {
    nodes: Vec<Server>,
    builder: ServerBuilder,
    place: Place,
    _kept: Kept,
}

/// What is there for as long as the instance is.
#[derive(Debug)]
enum Kept {
    Folder {
        #[expect(dead_code, reason = "is held, not read")]
        folder: TempDir,
    },
    Schema {
        #[expect(dead_code, reason = "is held, not read")]
        schema: Schema,
    },
    Nothing,
}

impl Instance {
    /// Starts so many nodes, of which there is one with SQLite. Blocks.
    pub(crate) fn start(context: &Context, nodes: usize) -> Result<Self> {
        Self::start_with(context, nodes, context.server())
    }

    /// The same, each node built like this one. Blocks.
    pub(crate) fn start_with(
        context: &Context,
        nodes: usize,
        builder: ServerBuilder,
    ) -> Result<Self> {
        match context.ground {
            Ground::Sqlite => {
                let folder = TempDir::new()?;
                let builder = builder.data(folder.path());
                let place = Place::folder(folder.path());
                Self::run(builder, 1, place, Kept::Folder { folder })
            }
            Ground::Postgres => {
                let schema = Schema::new();
                let place = Place::Server(schema.url());
                let builder = joined(context, builder, &schema.url());
                Self::run(builder, nodes, place, Kept::Schema { schema })
            }
        }
    }

    /// Starts nodes on a database that is there, at this URL, and stays. Blocks.
    pub(crate) fn start_on(context: &Context, nodes: usize, url: &str) -> Result<Self> {
        let (builder, place) = (
            joined(context, context.server(), url),
            Place::Server(url.to_owned()),
        );
        Self::run(builder, nodes, place, Kept::Nothing)
    }

    /// A node that isn't started, on an empty schema; which is there for as long as the second is.
    /// Blocks.
    pub(crate) fn node_on_nothing(context: &Context) -> (ServerBuilder, Schema) {
        let schema = Schema::new();
        let node = joined(context, context.server(), &schema.url());
        (node, schema)
    }

    fn run(builder: ServerBuilder, nodes: usize, place: Place, kept: Kept) -> Result<Self> {
        let nodes = (0..nodes).map(|_| builder.clone().start());
        Ok(Self {
            nodes: nodes.collect::<Result<_>>()?,
            builder,
            place,
            _kept: kept,
        })
    }

    /// Its nodes.
    pub(crate) fn nodes(&mut self) -> &mut [Server] {
        &mut self.nodes
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Its first node.
    pub(crate) fn first(&self) -> &Server {
        &self.nodes[0]
    }

    /// Another node of the same, or the same again, which isn't started.
    pub(crate) fn another(&self) -> ServerBuilder {
        self.builder.clone()
    }

    /// The address of the node that has this number, counted round and round.
    pub(crate) fn address(&self, number: usize) -> SocketAddr {
        self.nodes[number % self.nodes.len()].address()
    }

    /// The addresses of all nodes, from that one on: of somebody who goes to the next when a
    /// connection is lost.
    pub(crate) fn addresses(&self, number: usize) -> Vec<SocketAddr> {
        let all = number..number + self.nodes.len();
        all.map(|number| self.address(number)).collect()
    }

    /// For the size of a trial: over how many nodes it goes, if over several.
    pub(crate) fn spread(&self) -> String {
        match self.nodes.len() {
            1 => String::new(),
            several => format!(", over {several} nodes"),
        }
    }

    /// Its database.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }
}

/// A node of those that share the database at a URL.
fn joined(context: &Context, builder: ServerBuilder, url: &str) -> ServerBuilder {
    builder
        .env("PAPO_DATABASE_URL", url)
        .env("PAPO_NATS_URL", &context.nats)
}
