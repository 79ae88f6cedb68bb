//! `papo job`: dead jobs from the command line, while a server runs or not.

use anyhow::{Result, anyhow};
use clap::Subcommand;
use papo_app::{Administrator, App, DeadJob, Error, JobId};

use crate::columns::columns;
use crate::config::Config;
use crate::instance::with_existing_instance;

/// The commands for dead jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// List the jobs that failed too often, with the last error of each
    List,
    /// Try a job again, as often as a new one. A running server does so within a second
    Retry {
        /// The job's number
        id: i64,
    },
    /// Remove a job; what it was to do isn't done
    Remove {
        /// The job's number
        id: i64,
    },
}

/// Runs the command. Returns what it did.
pub(crate) fn run(config: &Config, command: &JobCommand) -> Result<String> {
    let by = Administrator::local();
    with_existing_instance(config, async |instance| {
        let app = &instance.app;
        match *command {
            JobCommand::List => list(app).await,
            JobCommand::Retry { id } => {
                let retried = app.retry_job(&by, JobId(id)).await;
                retried.map_err(|error| cannot(id, &error))?;
                Ok(format!("Job {id} is due again\n"))
            }
            JobCommand::Remove { id } => {
                let removed = app.remove_job(&by, JobId(id)).await;
                removed.map_err(|error| cannot(id, &error))?;
                Ok(format!("Removed job {id}\n"))
            }
        }
    })
}

async fn list(app: &App) -> Result<String> {
    let dead = app.dead_jobs(&Administrator::local()).await?;
    let rows: Vec<_> = dead.iter().map(row).collect();
    Ok(columns(
        ["ID", "QUEUE", "KEY", "TRIES", "LAST ERROR"],
        &rows,
    ))
}

fn row(job: &DeadJob) -> [String; 5] {
    [
        job.id.0.to_string(),
        job.queue.clone(),
        job.key.clone(),
        job.attempts.to_string(),
        job.error.clone(),
    ]
}

fn cannot(id: i64, error: &Error) -> anyhow::Error {
    match error {
        Error::NoJob => anyhow!("no dead job {id}; `papo job list` shows them all"),
        other => anyhow!("job {id}: {other}"),
    }
}
