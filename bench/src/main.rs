//! `papo-bench`: loads a server, and prints what it measured as a line of JSON. `cargo xtask bench`
//! runs it.

use anyhow::Result;
use clap::Parser;
use papo_bench::{fanout, history, idle, page, post, process, resume, sidebar, sync, welcome};
use serde::Serialize;

#[derive(Parser)]
#[command(about = "Loads a chat server, and prints what it measured")]
enum Scenario {
    /// Posts to everybody in one room.
    Fanout(fanout::Arguments),
    /// Posts and waits for acknowledgements.
    Post(post::Arguments),
    /// Writes to a file and waits for the disk, as a server must.
    Sync(sync::Arguments),
    /// Returns to a room and catches up.
    Resume(resume::Arguments),
    /// Connects and does nothing.
    Idle(idle::Arguments),
    /// Posts in many rooms, each watched by many.
    Sidebar(sidebar::Arguments),
    /// Connects as somebody in many rooms.
    Welcome(welcome::Arguments),
    /// Asks for pages.
    Page(page::Arguments),
    /// Makes a database of the Django chat, to import.
    History(history::Arguments),
}

fn main() -> Result<()> {
    let scenario = Scenario::parse();
    process::raise_open_files()?;
    match scenario {
        Scenario::Fanout(arguments) => print(&fanout::run(&arguments)?),
        Scenario::Post(arguments) => print(&post::run(&arguments)?),
        Scenario::Sync(arguments) => print(&sync::run(&arguments)?),
        Scenario::Resume(arguments) => print(&resume::run(&arguments)?),
        Scenario::Idle(arguments) => print(&idle::run(&arguments)?),
        Scenario::Sidebar(arguments) => print(&sidebar::run(&arguments)?),
        Scenario::Welcome(arguments) => print(&welcome::run(&arguments)?),
        Scenario::Page(arguments) => print(&page::run(&arguments)?),
        Scenario::History(arguments) => history::run(&arguments),
    }
}

fn print(report: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(report)?);
    Ok(())
}
