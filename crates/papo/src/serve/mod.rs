//! `papo serve`: from an empty folder to people talking, until told to stop.

mod addresses;
mod listener;
mod metrics;
mod open_files;
mod signals;

use std::io::Write as _;
use std::net::SocketAddr;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use papo_app::App;
use papo_web::WebSettings;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::signals::Signals;
use crate::config::Config;
use crate::data_folder::DataFolder;
use crate::instance::{self, Instance};

/// What may pass beyond the time that requests and sockets get to finish, until the process is ended by force.
const STOP_MARGIN: Duration = Duration::from_secs(8);

/// Serves until told to stop.
pub(crate) fn run(config: &Config) -> Result<()> {
    open_files::raise_limit();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    instance::runtime(threads)?.block_on(serve(config))
}

async fn serve(config: &Config) -> Result<()> {
    let mut signals = Signals::listen()?;
    let folder = DataFolder::open_or_create(&config.data_dir)?;
    let _lock = folder.lock()?;
    let metrics = metrics::install()?;
    let instance = Instance::open(&folder, config.app.clone()).await?;
    let listener = listener::bind(config.listen)?;
    announce(&instance.app, config, listener.local_addr()?).await?;

    let shutdown = CancellationToken::new();
    let app = Arc::clone(&instance.app);
    let settings = WebSettings {
        metrics,
        ..config.web.clone()
    };
    let web = papo_web::run(listener, app, settings, shutdown.clone());
    let mut web = tokio::spawn(web);
    let ending = wait_for_end(&mut signals, &instance.app, &mut web).await;
    let limit = config.web.stop_limit + STOP_MARGIN;
    tokio::select! {
        stopped = stop(instance, web, &shutdown) => ending.and(stopped),
        signal = signals.next() => leave_at_once(&format!("{signal} again: leaving at once")),
        () = tokio::time::sleep(limit) => leave_at_once("stopping took too long: leaving at once"),
    }
}

/// Waits for whatever ends the server; an error if that isn't a signal.
async fn wait_for_end(signals: &mut Signals, app: &App, web: &mut JoinHandle<()>) -> Result<()> {
    tokio::select! {
        signal = signals.next() => {
            tracing::info!("{signal}: stopping");
            Ok(())
        }
        () = app.broken() => Err(anyhow!(
            "the disk failed to keep what was written, so nothing more can be promised; \
             check the disk (`papo doctor`) and start papo again: it goes on from what is on disk"
        )),
        ended = web => Err(match ended {
            Ok(()) => anyhow!("the server ended by itself"),
            Err(error) => anyhow!("the server ended by itself: {error}"),
        }),
    }
}

/// Tells people, lets requests and sockets finish, and closes the database.
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

/// Everything acknowledged is on disk already; only good-byes are lost.
fn leave_at_once(why: &str) -> ! {
    tracing::warn!("{why}");
    process::exit(1)
}

/// Says where to find the server, and how to become its administrator.
async fn announce(app: &App, config: &Config, listening: SocketAddr) -> Result<()> {
    let local = addresses::local_url(listening);
    let others = addresses::network_urls(listening);
    let mut lines = vec![format!("Papo is listening on {local}")];
    lines.extend(
        others
            .iter()
            .map(|url| format!("  from a phone or another computer of this network: {url}")),
    );
    if let Some(token) = app.new_setup_token().await? {
        let public = config.web.public_url.as_ref().map(ToString::to_string);
        let base = public
            .or_else(|| others.into_iter().next())
            .unwrap_or(local);
        lines.push(
            "There is no administrator yet. Who opens this link first can become one:".into(),
        );
        lines.push(format!("  {base}/admin/setup/{token}/"));
    }
    let mut output = std::io::stdout();
    // Nobody may be reading; that is no reason not to serve.
    let _ = writeln!(output, "{}", lines.join("\n")).and_then(|()| output.flush());
    Ok(())
}
