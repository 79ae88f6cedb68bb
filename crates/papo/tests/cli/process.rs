//! Runs the binary: to its end, or while the test goes on.

use std::fs::File;
use std::io::{BufRead as _, BufReader, PipeWriter, Read, Write as _, pipe};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take before it counts as not happening.
const PATIENCE: Duration = Duration::from_secs(30);

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Finished {
    /// Its output, if it succeeded.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.errors);
        self.output
    }

    /// The one line of its error, if it failed properly.
    pub(crate) fn error(self) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        let line = self.errors.strip_suffix('\n').unwrap_or_default();
        assert!(
            line.starts_with("papo: ") && !line.contains('\n'),
            "{}",
            self.errors
        );
        line.to_owned()
    }

    /// The same, for a command that reported progress before.
    pub(crate) fn error_last(self) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        let line = self.errors.lines().next_back().unwrap_or_default();
        assert!(line.starts_with("papo: "), "{}", self.errors);
        line.to_owned()
    }
}

/// Runs a command to its end, with a file on standard input.
pub(crate) fn run_from(data: &Path, arguments: &[&str], input: File) -> Finished {
    finish(command(data, arguments, &[]).stdin(input).spawn().unwrap())
}

/// Runs a command to its end.
pub(crate) fn run(
    data: &Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
    input: &str,
) -> Finished {
    let mut child = command(data, arguments, variables)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may have ended by now.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    finish(child)
}

/// Runs a command whose output nobody reads. Returns its exit code.
pub(crate) fn run_unread(data: &Path, arguments: &[&str]) -> Option<i32> {
    let mut command = command(data, arguments, &[]);
    let ((_, output), (_, errors)) = (pipe().unwrap(), pipe().unwrap());
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    command.spawn().unwrap().wait_for_end()
}

/// Runs a command that can write only short files.
pub(crate) fn run_on_full_disk(data: &Path, arguments: &[&str]) -> Finished {
    finish(on_full_disk(data, arguments).spawn().unwrap())
}

fn finish(mut child: Child) -> Finished {
    let mut output = child.stdout.take().unwrap();
    let reader = thread::spawn(move || text(&mut output));
    let errors = text(&mut child.stderr.take().unwrap());
    let output = reader.join().unwrap();
    let code = child.wait_for_end();
    Finished {
        code,
        output,
        errors,
    }
}

/// A running server. A drop kills it.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Running {
    pub(crate) fn start(data: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = command(data, arguments, variables);
        Self::of(command.stdin(Stdio::null()).spawn().unwrap())
    }

    /// The same, with its log in this file.
    pub(crate) fn start_logging_to(data: &Path, arguments: &[&str], log: PipeWriter) -> Self {
        let mut command = command(data, arguments, &[]);
        Self::of(command.stdin(Stdio::null()).stderr(log).spawn().unwrap())
    }

    /// The same, for a server that can write only short files.
    pub(crate) fn start_on_full_disk(data: &Path, arguments: &[&str]) -> Self {
        Self::of(on_full_disk(data, arguments).spawn().unwrap())
    }

    /// The same, for a command with standard input.
    pub(crate) fn start_with_input(data: &Path, arguments: &[&str]) -> Self {
        let mut command = command(data, arguments, &[]);
        Self::of(command.stdin(Stdio::piped()).spawn().unwrap())
    }

    fn of(mut child: Child) -> Self {
        let (sender, lines) = channel();
        let output = child
            .stdout
            .take()
            .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>);
        let errors = child
            .stderr
            .take()
            .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>);
        for pipe in [output, errors].into_iter().flatten() {
            let sender = sender.clone();
            thread::spawn(move || {
                let lines = BufReader::new(pipe).lines().map_while(Result::ok);
                lines.for_each(|line| drop(sender.send(line)));
            });
        }
        Self {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// Waits for the line with this text. Returns the rest of the line.
    pub(crate) fn line(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some((_, rest)) = self.seen.iter().find_map(|line| line.split_once(text)) {
                return rest.to_owned();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.seen.push(line),
                Err(error) => panic!("no line with {text:?} ({error}): {:#?}", self.seen),
            }
        }
    }

    /// The remaining lines, until it has ended.
    pub(crate) fn remaining(&mut self) -> &[String] {
        self.seen.extend(self.lines.iter());
        &self.seen
    }

    /// `127.0.0.1:43210`.
    pub(crate) fn address(&mut self) -> String {
        self.line("Papo is listening on http://")
    }

    /// The head and body of the answer to a GET.
    pub(crate) fn get(&mut self, path: &str) -> String {
        let address = self.address();
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        text(&mut stream)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Sends it SIGTERM. Returns the exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.child.wait_for_end()
    }

    pub(crate) fn wait_for_end(&mut self) -> Option<i32> {
        self.child.wait_for_end()
    }

    /// Whether it has ended by now.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Writes to its standard input, which stays open.
    pub(crate) fn give(&mut self, bytes: &[u8]) {
        self.child.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) trait Wait {
    /// Its exit code; none if a signal ended it.
    fn wait_for_end(&mut self) -> Option<i32>;
}

impl Wait for Child {
    fn wait_for_end(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it doesn't end");
            thread::yield_now();
        }
    }
}

fn command(data: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_papo"));
    without_configuration(&mut command);
    command.arg("--data-dir").arg(data).args(arguments);
    command.envs(variables.iter().copied());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The tests' own variables must not reach it.
fn without_configuration(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PAPO_") {
            command.env_remove(name);
        }
    }
}

/// A command that can write only short files: up to 1 MiB, or 2 by the units of some shells.
/// Writing beyond that is an error, as on a full disk, and doesn't end the process.
fn on_full_disk(data: &Path, arguments: &[&str]) -> Command {
    let limited = command(data, arguments, &[]);
    let script = "trap '' XFSZ && ulimit -f 2048 && exec \"$@\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]);
    shell.arg(limited.get_program()).args(limited.get_args());
    without_configuration(&mut shell);
    shell.stdin(Stdio::null());
    shell.stdout(Stdio::piped()).stderr(Stdio::piped());
    shell
}

fn text(pipe: &mut dyn Read) -> String {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}
