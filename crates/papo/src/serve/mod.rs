//! `papo serve`: opens or makes the instance, and serves it until a signal.

mod addresses;
mod listener;
mod metrics;
mod open_files;
mod setup_link;
mod signals;

use std::future::pending;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use papo_app::App;
use papo_web::WebSettings;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::addresses::Addresses;
pub(crate) use self::addresses::local_url;
use self::listener::Bound;
pub(crate) use self::open_files::OWN_FILES;
use self::signals::Signals;
use crate::config::Config;
use crate::data_folder::shared_file_system;
use crate::database::Database;
use crate::instance::{self, Instance};
use crate::output;

/// How much longer than the time for requests and sockets a stop may take. Then the process ends by
/// force.
const STOP_MARGIN: Duration = Duration::from_secs(8);

/// Serves until a signal.
pub(crate) fn run(config: &Config) -> Result<()> {
    open_files::raise_limit();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let runtime = instance::runtime(threads)?;
    let served = runtime.block_on(serve(config));
    // The database is closed. Nobody waits for work that still runs.
    runtime.shutdown_background();
    served
}

async fn serve(config: &Config) -> Result<()> {
    let mut signals = Signals::listen()?;
    let now = config.app.clock.now();
    // Answers have no valid date then, and each would end its connection.
    ensure!(
        now.as_millis() >= 0,
        "the machine's clock says {now}, and nothing can be served before 1970; set the clock"
    );
    let _lock = Database::lock(config)?;
    if let Some(kind) = shared_by_machines(config) {
        tracing::warn!(
            "the data folder {} is on a file system that other machines may share ({kind}): SQLite isn't \
             safe there, and a second papo may not be noticed; put it on a disk of this machine, or use PostgreSQL",
            config.data_dir.display()
        );
    }
    // This comes before a chat begins, which would stay behind if the address is taken.
    let bound = Bound::to(config.listen)?;
    let metrics = metrics::install()?;
    let instance = Instance::open(config, config.nats.as_ref()).await?;
    if let Some(news) = instance.news(config) {
        say(&news);
    }
    let listener = bound.listen()?;
    let addresses = Addresses::of(listener.local_addr()?);
    say(&addresses.to_string());

    let shutdown = CancellationToken::new();
    let app = Arc::clone(&instance.app);
    app.run_jobs();
    let settings = WebSettings {
        metrics,
        max_connections: open_files::connections(config.web.max_connections),
        ..config.web.clone()
    };
    let web = papo_web::run(listener, app, settings, shutdown.clone());
    let mut web = tokio::spawn(web);
    // People can come in while the database doesn't take the link's secret yet.
    let telling = async {
        setup_link::tell(&instance.app, config, &addresses).await;
        pending().await
    };
    let ending = tokio::select! {
        ending = wait_for_end(&mut signals, &instance.app, &mut web) => ending,
        ending = telling => ending,
    };
    let limit = config.web.stop_limit + STOP_MARGIN;
    tokio::select! {
        stopped = stop(instance, web, &shutdown) => ending.and(stopped),
        signal = signals.next() => leave_at_once(&format!("{signal} again: leaving at once")),
        () = tokio::time::sleep(limit) => leave_at_once("stopping took too long: leaving at once"),
    }
}

/// The kind of the data folder's file system, if the database is there and it isn't this machine's
/// own.
fn shared_by_machines(config: &Config) -> Option<&'static str> {
    if Database::is_shared(config) {
        return None;
    }
    shared_file_system(&config.data_dir)
}

/// Waits for the end of the server. It is an error unless a signal ends it.
async fn wait_for_end(signals: &mut Signals, app: &App, web: &mut JoinHandle<()>) -> Result<()> {
    tokio::select! {
        signal = signals.next() => {
            tracing::info!("{signal}: stopping");
            Ok(())
        }
        why = app.broken() => Err(anyhow!(
            "the database failed, so nothing more can be promised: {why}; \
             check it (`papo doctor`) and start papo again: it goes on from what is there"
        )),
        ended = web => Err(match ended {
            Ok(()) => anyhow!("the server ended by itself"),
            Err(error) => anyhow!("the server ended by itself: {error}"),
        }),
    }
}

/// Notifies clients, lets requests and sockets finish, and closes the database.
async fn stop(instance: Instance, web: JoinHandle<()>, shutdown: &CancellationToken) -> Result<()> {
    instance.app.announce_stop();
    shutdown.cancel();
    if !web.is_finished() {
        let _ = web.await;
    }
    instance.close().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Everything acknowledged is on disk already. Only the sockets' farewells are lost.
fn leave_at_once(why: &str) -> ! {
    tracing::warn!("{why}");
    output::flush();
    process::exit(1)
}

/// Writes to standard output. A failure to write is no reason not to serve.
fn say(text: &str) {
    output::stdout().say(text);
}
