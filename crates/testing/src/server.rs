//! A running `papo`.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::PATIENCE;

/// How to start a server.
#[derive(Debug, Clone)]
pub struct ServerBuilder {
    binary: PathBuf,
    data: Option<PathBuf>,
    listen: String,
    environment: Vec<(OsString, OsString)>,
    wrapper: Vec<OsString>,
}

/// A running server. A drop kills it.
#[derive(Debug)]
pub struct Server {
    builder: ServerBuilder,
    child: Child,
    address: SocketAddr,
    /// What it has printed, line by line.
    lines: Receiver<String>,
    /// Lines that were read while looking for another.
    read: Vec<String>,
    _temporary: Option<TempDir>,
}

impl ServerBuilder {
    /// A server of this binary, on a free port, in a new folder, without rate limits.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        Self {
            binary: binary.into(),
            data: None,
            listen: "127.0.0.1:0".into(),
            environment: vec![("PAPO_RATE_LIMITS".into(), "off".into())],
            wrapper: Vec::new(),
        }
    }

    /// In this folder, which stays.
    #[must_use]
    pub fn data(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data = Some(folder.into());
        self
    }

    /// On this address.
    #[must_use]
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = address.into();
        self
    }

    /// With this environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Run by another command, such as `strace`, which gets the server's command line as its last
    /// arguments.
    #[must_use]
    pub fn wrapper<T: Into<OsString>>(mut self, command: impl IntoIterator<Item = T>) -> Self {
        self.wrapper = command.into_iter().map(Into::into).collect();
        self
    }

    /// Starts it and waits until it listens.
    pub fn start(mut self) -> Result<Server> {
        let mut temporary = None;
        if self.data.is_none() {
            let folder = TempDir::new()?;
            self.data = Some(folder.path().to_owned());
            temporary = Some(folder);
        }
        let (child, lines) = self.spawn()?;
        let mut server = Server {
            builder: self,
            child,
            address: ([127, 0, 0, 1], 0).into(),
            lines,
            read: Vec::new(),
            _temporary: temporary,
        };
        server.wait_until_listening()?;
        Ok(server)
    }

    fn spawn(&self) -> Result<(Child, Receiver<String>)> {
        let mut words = self.wrapper.clone();
        words.push(self.binary.clone().into());
        let (program, arguments) = words.split_first().context("a command")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .args(["serve", "--listen", &self.listen]);
        command
            .arg("--data-dir")
            .arg(self.data.as_deref().unwrap_or(Path::new("data")));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .with_context(|| format!("starting {}", self.binary.display()))?;
        let (sender, lines) = channel();
        let stdout = child
            .stdout
            .take()
            .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>);
        let stderr = child
            .stderr
            .take()
            .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>);
        for pipe in [stdout, stderr].into_iter().flatten() {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Ok((child, lines))
    }
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a page.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Its folder.
    pub fn data(&self) -> &Path {
        self.builder.data.as_deref().unwrap_or(Path::new("data"))
    }

    /// Its process (or its wrapper's).
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Runs another command of the same binary on the same folder in the same environment. Returns
    /// its standard output.
    pub fn command(&self, arguments: &[&str]) -> Result<String> {
        self.command_with_input(arguments, "")
    }

    /// The same, with this standard input.
    pub fn command_with_input(&self, arguments: &[&str], input: &str) -> Result<String> {
        let mut command = Command::new(&self.builder.binary);
        command.args(arguments).arg("--data-dir").arg(self.data());
        let environment = self.builder.environment.iter();
        command.envs(environment.map(|(name, value)| (name, value)));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        child
            .stdin
            .take()
            .context("a pipe")?
            .write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!(
                "papo {arguments:?}: {}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// What it has printed so far.
    pub fn printed(&mut self) -> &[String] {
        self.read.extend(self.lines.try_iter());
        &self.read
    }

    /// Waits for a line that contains this.
    pub fn wait_for_line(&mut self, text: &str) -> Result<String> {
        if let Some(line) = self.read.iter().find(|line| line.contains(text)) {
            return Ok(line.clone());
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self
                .lines
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(line) => {
                    self.read.push(line.clone());
                    if line.contains(text) {
                        return Ok(line);
                    }
                }
                Err(RecvTimeoutError::Timeout) => bail!("no line with {text:?}; {}", self.gist()),
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("it ended without {text:?}; {}", self.gist())
                }
            }
        }
    }

    /// The gist of its output, in one line: where it panicked, otherwise its last words.
    fn gist(&self) -> String {
        let mut lines = self.read.iter().filter(|line| !line.trim().is_empty());
        let panic = self
            .read
            .iter()
            .skip_while(|line| !line.contains("panicked at"));
        let panic: Vec<_> = panic.take(2).map(String::as_str).collect();
        if panic.is_empty() {
            lines.next_back().cloned().unwrap_or_default()
        } else {
            panic.join(" ")
        }
    }

    /// Kills it. For a process that is like a power cut.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop.
    pub fn terminate(&self) -> Result<()> {
        let pid = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .context("a process id")?;
        kill_process(pid, Signal::TERM)?;
        Ok(())
    }

    /// Waits until it has ended.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let deadline = Instant::now() + 4 * PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!("it didn't end");
            }
            // Its pipes close when it ends. Until then a line now and then wakes this.
            if let Ok(line) = self
                .lines
                .recv_timeout(std::time::Duration::from_millis(20))
            {
                self.read.push(line);
            }
        }
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.terminate()?;
        self.wait()
    }

    /// Starts it again on the same folder and address.
    pub fn restart(&mut self) -> Result<()> {
        self.builder.listen = self.address.to_string();
        let (child, lines) = self.builder.spawn()?;
        self.child = child;
        self.lines = lines;
        self.read.clear();
        self.wait_until_listening()
    }

    fn wait_until_listening(&mut self) -> Result<()> {
        let line = self.wait_for_line("http://")?;
        let (_, rest) = line.split_once("http://").context("an address")?;
        let end = rest
            .find(|character: char| !(character.is_ascii_hexdigit() || "[].:".contains(character)));
        self.address = rest[..end.unwrap_or(rest.len())]
            .parse()
            .with_context(|| format!("in {line:?}"))?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.kill();
    }
}
