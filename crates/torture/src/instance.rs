//! The instance under test: a node with a database in its own folder, or nodes that share one on a
//! PostgreSQL server and are joined by NATS.
//!
//! Each instance has its own schema, and so its own epoch, which separates it at NATS.

use std::net::SocketAddr;

use anyhow::Result;
use clap::ValueEnum;
use papo_testing::postgres::Schema;
use papo_testing::{Server, ServerBuilder};
use tempfile::TempDir;

use crate::database::Place;
use crate::trials::Context;

/// The variable with the URL of NATS, unless that is at the usual port of this machine.
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

/// What lives as long as the instance.
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
    /// Starts this many nodes; with SQLite, one. Blocks.
    pub(crate) fn start(context: &Context, nodes: usize) -> Result<Self> {
        Self::start_with(context, nodes, context.server())
    }

    /// Starts nodes built like this one. Blocks.
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

    /// Starts nodes on an existing database at this URL. Blocks.
    pub(crate) fn start_on(context: &Context, nodes: usize, url: &str) -> Result<Self> {
        let (builder, place) = (
            joined(context, context.server(), url),
            Place::Server(url.to_owned()),
        );
        Self::run(builder, nodes, place, Kept::Nothing)
    }

    /// A node that isn't started, on an empty schema, which lives as long as the second value.
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

    /// A builder for another node of the instance, or for the same one again.
    pub(crate) fn another(&self) -> ServerBuilder {
        self.builder.clone()
    }

    /// The address of the node that has this number, counted round and round.
    pub(crate) fn address(&self, number: usize) -> SocketAddr {
        self.nodes[number % self.nodes.len()].address()
    }

    /// The addresses of all nodes from this one on, for a client that goes to the next when it
    /// loses a connection.
    pub(crate) fn addresses(&self, number: usize) -> Vec<SocketAddr> {
        let all = number..number + self.nodes.len();
        all.map(|number| self.address(number)).collect()
    }

    /// The part of a trial's size that names its nodes, if there are several.
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
