//! The files generated from the protocol's Rust types: the client's TypeScript and the AsyncAPI
//! document.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use papo_protocol::{
    Cause, ClientFrame, ErrorCode, Level, Limits, Mark, MembershipObject, MessageObject, Person,
    Posted, ResetReason, Role, RoomKind, SUBPROTOCOL, ServerFrame,
};
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use ts_rs::{Config, TS};

use crate::run::{client, command, output, root};

/// A generated file of the repository, and its content.
pub(crate) struct Generated {
    file: PathBuf,
    content: String,
}

/// All of them.
pub(crate) fn all() -> Result<Vec<Generated>> {
    Ok(vec![
        Generated {
            file: client().join("src/lib/frames.ts"),
            content: typescript()?,
        },
        Generated {
            file: root().join("docs/asyncapi.json"),
            content: asyncapi()?,
        },
    ])
}

impl Generated {
    /// Writes the file.
    pub(crate) fn write(&self) -> Result<()> {
        fs::write(&self.file, &self.content).with_context(|| self.file.display().to_string())
    }

    /// Fails unless the file is what [`Self::write`] would write.
    pub(crate) fn check(&self) -> Result<()> {
        if fs::read_to_string(&self.file).is_ok_and(|content| content == self.content) {
            return Ok(());
        }
        bail!(
            "{} isn't fresh: run cargo xtask client",
            self.file.display()
        );
    }
}

fn typescript() -> Result<String> {
    let config = Config::default().with_large_int("number");
    let declarations = [
        declaration::<ClientFrame>(&config),
        declaration::<ServerFrame>(&config),
        declaration::<MessageObject>(&config),
        declaration::<MembershipObject>(&config),
        declaration::<Level>(&config),
        declaration::<Posted>(&config),
        declaration::<Limits>(&config),
        declaration::<Mark>(&config),
        declaration::<Person>(&config),
        declaration::<ErrorCode>(&config),
        declaration::<Cause>(&config),
        declaration::<ResetReason>(&config),
        declaration::<RoomKind>(&config),
        declaration::<Role>(&config),
    ];
    let header = "// The frames of papo.v1. Written from crates/protocol by `cargo xtask client`; don't edit.\n";
    let source = format!("{header}\n{}\n", declarations.join("\n\n"));
    // The client's formatter gives the file its one form.
    let scratch = tempfile::Builder::new()
        .suffix(".ts")
        .tempfile_in(client())?;
    fs::write(scratch.path(), source)?;
    let path = scratch.path().to_string_lossy().into_owned();
    output(command("npx", &["--no-install", "prettier", &path]).current_dir(client()))
}

fn declaration<T: TS>(config: &Config) -> String {
    let documentation = T::docs().unwrap_or_default();
    format!("{}\nexport {}", documentation.trim_end(), T::decl(config))
}

/// The protocol as AsyncAPI 3: its channels, and each frame as a JSON schema.
fn asyncapi() -> Result<String> {
    let mut generator = SchemaSettings::draft07()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    generator.subschema_for::<ClientFrame>();
    generator.subschema_for::<ServerFrame>();
    let schemas = generator.take_definitions(true);
    let channel = |address: &str, description: &str| {
        json!({
            "address": address,
            "description": description,
            "messages": {
                "client": {"$ref": "#/components/messages/client"},
                "server": {"$ref": "#/components/messages/server"}
            },
            "bindings": {"ws": {"headers": {"type": "object", "properties": {
                "Sec-WebSocket-Protocol": {"const": SUBPROTOCOL}
            }}}}
        })
    };
    let message = |name: &str, schema: &str| {
        json!({"name": name, "contentType": "application/json",
            "payload": {"$ref": format!("#/components/schemas/{schema}")}})
    };
    let operation = |action: &str, channel: &str, message: &str| {
        json!({"action": action, "channel": {"$ref": format!("#/channels/{channel}")},
            "messages": [{"$ref": format!("#/channels/{channel}/messages/{message}")}]})
    };
    let mut room = channel("/ws/chat/{id}/", "One room");
    room["parameters"] = json!({"id": {"description": "The room's number"}});
    let document: Value = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Papo",
            "version": SUBPROTOCOL,
            "description": "The wire protocol of Papo; docs/protocol.md says what each frame means.",
            "license": {"name": "MIT OR Apache-2.0"}
        },
        "defaultContentType": "application/json",
        "channels": {"room": room, "rooms": channel("/ws/", "Many rooms on one socket")},
        "operations": {
            "receiveFromRoom": operation("receive", "room", "client"),
            "sendToRoom": operation("send", "room", "server"),
            "receiveFromRooms": operation("receive", "rooms", "client"),
            "sendToRooms": operation("send", "rooms", "server")
        },
        "components": {
            "messages": {
                "client": message("ClientFrame", "ClientFrame"),
                "server": message("ServerFrame", "ServerFrame")
            },
            "schemas": schemas
        }
    });
    Ok(format!("{}\n", serde_json::to_string_pretty(&document)?))
}
