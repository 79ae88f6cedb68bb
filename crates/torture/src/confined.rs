//! A control group that bounds a server's memory, including the kernel's for its sockets.
//!
//! Version 2 of control groups counts both together. Version 1 bounds the process's memory, and
//! counts sockets separately. Without either, nothing is bounded and everything is measured.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::process;

const MIB: f64 = 1_048_576.0;
/// Where the versions are mounted.
const UNIFIED: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
const MEMORY: &str = "/sys/fs/cgroup/memory";
/// No bound, but the kernel counts.
const BOUNDLESS: &str = "1099511627776";

/// The kind of group.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Unified(PathBuf),
    Memory(PathBuf),
    /// And why.
    Measured(String),
}

/// A group. A drop removes it, when nothing runs in it any more.
#[derive(Debug)]
pub(crate) struct Confined {
    kind: Kind,
}

impl Confined {
    /// Makes a group with so many MiB of memory.
    pub(crate) fn new(mebibytes: u64) -> Self {
        let name = format!("papo-torture-{}", std::process::id());
        let bytes = (mebibytes << 20).to_string();
        let unified = || -> Result<PathBuf> {
            let mut why = None;
            for root in UNIFIED {
                let controllers = fs::read_to_string(format!("{root}/cgroup.controllers"));
                if controllers.unwrap_or_default().contains("memory") {
                    let made = make(root, "", &name, &[("memory.max", &bytes)]);
                    match made {
                        Ok(path) => return Ok(path),
                        Err(error) => why = Some(error),
                    }
                }
            }
            Err(why.unwrap_or_else(|| anyhow::anyhow!("no memory controller")))
        };
        let memory = || {
            let limits = [
                ("memory.limit_in_bytes", bytes.as_str()),
                ("memory.kmem.tcp.limit_in_bytes", BOUNDLESS),
            ];
            make(MEMORY, "memory", &name, &limits)
        };
        let kind = match unified() {
            Ok(path) => Kind::Unified(path),
            Err(second) => match memory() {
                Ok(path) => Kind::Memory(path),
                Err(first) => {
                    Kind::Measured(format!("version 2: {second:#}; version 1: {first:#}"))
                }
            },
        };
        Self { kind }
    }

    /// For people.
    pub(crate) fn name(&self) -> String {
        match &self.kind {
            Kind::Unified(_) => "a control group of version 2".into(),
            Kind::Memory(_) => "a control group of version 1".into(),
            Kind::Measured(why) => format!("no control group ({why})"),
        }
    }

    /// The wrapper that runs a command in the group from its beginning.
    pub(crate) fn wrapper(&self) -> Vec<String> {
        match &self.kind {
            Kind::Unified(path) | Kind::Memory(path) => {
                let enter = format!("echo $$ > '{}/cgroup.procs' && exec \"$@\"", path.display());
                vec!["sh".into(), "-c".into(), enter, "sh".into()]
            }
            Kind::Measured(_) => Vec::new(),
        }
    }

    /// MiB that a process in it uses now, including the kernel's for its sockets.
    pub(crate) fn memory(&self, pid: u32) -> Result<f64> {
        match &self.kind {
            Kind::Unified(path) => number(&path.join("memory.current")),
            Kind::Memory(path) => {
                let sockets = number(&path.join("memory.kmem.tcp.usage_in_bytes"))?;
                Ok(process::resident(pid)? + sockets)
            }
            Kind::Measured(_) => Ok(process::resident(pid)? + sockets()?),
        }
    }
}

impl Drop for Confined {
    fn drop(&mut self) {
        if let Kind::Unified(path) | Kind::Memory(path) = &self.kind {
            let _ = fs::remove_dir(path);
        }
    }
}

/// Makes a group below that of this process.
fn make(root: &str, controller: &str, name: &str, limits: &[(&str, &str)]) -> Result<PathBuf> {
    let groups = fs::read_to_string("/proc/self/cgroup")?;
    let own = groups.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        controllers
            .split(',')
            .any(|one| one == controller)
            .then_some(path)
    });
    // In a container its own group may be mounted as the root.
    let places = [own.unwrap_or("/"), "/"];
    let parent = places
        .iter()
        .map(|path| Path::new(root).join(path.trim_start_matches('/')))
        .find(|path| path.is_dir())
        .context("no group of our own")?;
    let path = parent.join(name);
    fs::create_dir(&path).with_context(|| format!("making {}", path.display()))?;
    for (file, value) in limits {
        let written = fs::write(path.join(file), value);
        if let Err(error) = written {
            let _ = fs::remove_dir(&path);
            return Err(error).with_context(|| format!("setting {file}"));
        }
    }
    Ok(path)
}

fn number(path: &Path) -> Result<f64> {
    let bytes: f64 = fs::read_to_string(path)?.trim().parse()?;
    Ok(bytes / MIB)
}

/// MiB that all TCP sockets of the machine take.
fn sockets() -> Result<f64> {
    let text = fs::read_to_string("/proc/net/sockstat")?;
    let line = text.lines().find(|line| line.starts_with("TCP:"));
    let mut words = line.context("no TCP")?.split(' ');
    words.find(|word| *word == "mem").context("no size")?;
    let pages: f64 = words.next().context("no size")?.parse()?;
    Ok(pages * 4_096.0 / MIB)
}
