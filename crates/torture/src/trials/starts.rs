//! "starts": three nodes start together on an empty database, again and again. The first rooms have
//! the numbers 1, 2 and 3 whichever node is first, and each node has them as soon as it serves.

use std::thread;

use anyhow::Result;
use papo_testing::Guest;

use super::{Context, blocking};
use crate::instance::Instance;
use crate::report::Verdict;

const NODES: usize = 3;
const ROOMS: i64 = 3;

pub(super) async fn run(context: &Context) -> Result<Verdict> {
    let rounds = context.size(200, 1_000);
    let mut verdict = Verdict::of(format!("{rounds} times {NODES} nodes"));
    for round in 0..rounds {
        for fault in blocking(|| start_once(context))? {
            verdict.faults.push(format!("round {round}: {fault}"));
        }
    }
    Ok(verdict)
}

/// Starts nodes on an empty schema. Returns what went wrong.
fn start_once(context: &Context) -> Result<Vec<String>> {
    let (node, schema) = Instance::node_on_nothing(context);
    let faults = thread::scope(|scope| {
        let starting: Vec<_> = (0..NODES)
            .map(|_| {
                let node = node.clone();
                scope.spawn(move || -> Result<Vec<String>> {
                    let node = match node.start() {
                        Ok(node) => node,
                        Err(error) => return Ok(vec![format!("a node doesn't start: {error}")]),
                    };
                    let mut faults = Vec::new();
                    for room in 1..=ROOMS {
                        let page = Guest::new(&node).get(&format!("/room/{room}/join/"))?;
                        if page.status != 200 {
                            faults.push(format!("room {room}: {}", page.brief()));
                        }
                    }
                    Ok(faults)
                })
            })
            .collect();
        let mut faults = Vec::new();
        for thread in starting {
            match thread.join() {
                Ok(found) => faults.extend(found?),
                Err(_) => faults.push("a start panicked".to_owned()),
            }
        }
        Ok(faults)
    });
    drop(schema);
    faults
}
