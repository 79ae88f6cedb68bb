//! Connects, follows a room, and does nothing: the cost of an idle connection.

use std::time::Duration;

use anyhow::Result;

use crate::crowd::Crowd;
use crate::process::resident_kib;
use crate::report::Idle;
use crate::target::Target;

/// How many connections there are when the memory is read.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    target: Target,
    /// After how many connections the memory is read.
    #[arg(long, value_delimiter = ',', default_value = "1000,18000")]
    steps: Vec<usize>,
    /// How long to wait before reading it, in seconds.
    #[arg(long, default_value_t = 5)]
    settle: u64,
}

/// Connects step by step, and reads the server's memory after each.
pub fn run(arguments: &Arguments) -> Result<Idle> {
    let target = &arguments.target;
    let mut crowd = Crowd::new(target)?;
    let mut steps = Vec::new();
    let mut open = 0;
    for &count in &arguments.steps {
        crowd.grow(count)?;
        crowd.subscribe(open..count)?;
        open = count;
        crowd.wait(Duration::from_secs(arguments.settle))?;
        steps.push((count, resident_kib(&target.processes)?));
    }
    Ok(Idle { steps })
}
