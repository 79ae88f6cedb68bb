//! The messages of the old database.

use anyhow::{Context, Result, anyhow};
use data_encoding::BASE64URL_NOPAD;
use papo_domain::{ClientId, MessageText, MessageTextError, PersonId};
use papo_storage::ImportedMessage;
use rusqlite::Row;
use sha2::{Digest, Sha256};

use super::repair;
use super::rooms::OldRoom;
use super::source::{self, Author, Source};

/// The name of a removed author.
const NOBODY: &str = "?";

/// A message of the old database.
#[derive(Debug)]
pub(super) enum OldMessage {
    /// A message to import.
    Message {
        message: ImportedMessage,
        /// Its author's name there.
        old_name: String,
    },
    /// Nothing but white space, which Papo doesn't store.
    Blank,
}

/// Gives a room's messages to `take` in the order of their times, then of their numbers, until it
/// returns `false`.
pub(super) fn each_message(
    source: &Source,
    room: &OldRoom,
    mut take: impl FnMut(OldMessage) -> bool,
) -> Result<()> {
    let mut statement = source.db.prepare(&query(source))?;
    let mut rows = statement.query([room.id])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get("id")?;
        let message = message(id, room, row).with_context(|| format!("chat_message, row {id}"))?;
        if !take(message) {
            break;
        }
    }
    Ok(())
}

fn query(source: &Source) -> String {
    let (author, from) = match source.layout.author {
        Author::Sender => ("m.sender", ""),
        Author::User => ("u.username", "LEFT JOIN auth_user AS u ON u.id = m.user_id"),
    };
    let public = if source.layout.has_private_messages {
        "AND m.user_to_id IS NULL"
    } else {
        ""
    };
    format!(
        "SELECT m.id AS id, {author} AS author, m.content AS content, m.timestamp AS timestamp \
         FROM chat_message AS m {from} WHERE m.room_id = ?1 {public} \
         ORDER BY moment(m.timestamp), m.timestamp, m.id"
    )
}

fn message(id: i64, room: &OldRoom, row: &Row<'_>) -> Result<OldMessage> {
    let text = |column: &str| -> Result<Option<String>> { Ok(source::text(row.get_ref(column)?)) };
    let old_name = text("author")?.unwrap_or_else(|| NOBODY.to_owned());
    let content = text("content")?.ok_or_else(|| anyhow!("content is not text"))?;
    let time = text("timestamp")?.ok_or_else(|| anyhow!("timestamp is not text"))?;
    let timestamp =
        source::timestamp(&time).ok_or_else(|| anyhow!("timestamp is not a time: {time:?}"))?;
    let kept = content.replace('\0', "");
    if MessageText::parse(&kept) == Err(MessageTextError::Blank) {
        return Ok(OldMessage::Blank);
    }
    let number = id.to_string();
    let key = hash(&[&room.old_name, &number, &old_name, &time, &content]);
    let message = ImportedMessage {
        sender: sender(&old_name),
        username: repair::username(&old_name),
        // It isn't parsed, so a long text and its white space stay whole.
        text: MessageText::from_stored(kept),
        timestamp,
        client_id: client_id(&key)?,
    };
    Ok(OldMessage::Message { message, old_name })
}

/// A name of the old database is one person, the same in each import.
fn sender(old_name: &str) -> PersonId {
    let hash = hash(&["django", old_name]);
    let first = hash.first_chunk().expect("a SHA-256 has 32 bytes");
    PersonId(u64::from_be_bytes(*first))
}

/// A message has the same id in each import.
fn client_id(key: &[u8; 32]) -> Result<ClientId> {
    Ok(BASE64URL_NOPAD.encode(key).parse()?)
}

/// The SHA-256 of some texts, each after its length, so that no two lists of texts are one.
fn hash(texts: &[&str]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_never_change() {
        // A later Papo must find what an earlier one imported.
        assert_eq!(sender("João").to_string(), "zc77ect8kyq08");
        let key = hash(&["Geral", "1", "João", "2025-03-01 18:56:34.120000", "Olá!"]);
        assert_eq!(
            client_id(&key).unwrap().as_str(),
            "DxPBMmP93BC_00bTbxn4vPM1aiiJ5f5oYVfQHyWvmaE"
        );
    }
}
