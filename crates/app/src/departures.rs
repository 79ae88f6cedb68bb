//! People who delete their own account, and what becomes of their messages.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use papo_domain::{PersonId, RoomId, Seq, Username};
use papo_storage::{AccountChange, AccountRefusal, Act, By, Change};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::jobs::{Failure, Job};
use crate::{App, Error, Visitor};

/// How many messages are deleted or renamed at once.
const BATCH: usize = 250;
/// The pause after each batch, for everybody else's messages.
const PAUSE: Duration = Duration::from_millis(10);

/// What becomes of the messages of somebody who deletes their account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remains {
    /// They stay, under this name.
    Renamed(String),
    /// They are deleted.
    Nothing,
}

/// The work on the messages of somebody who has gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Departure {
    person: u64,
    remains: Remains,
}

impl App {
    /// Deletes the visitor's account, whose password they typed again. Their sessions and
    /// memberships end at once. A job then deletes or renames their messages.
    pub async fn delete_account(
        &self,
        visitor: &Visitor,
        password: String,
        remains: Remains,
        address: IpAddr,
    ) -> Result<(), Error> {
        let account = visitor.account().ok_or(Error::NoSession)?;
        self.check_own_password(account, password, address).await?;
        let by = By::Member(visitor.session.id);
        let now = self.settings.clock.now();
        let removed = self
            .storage
            .change_account(by, account.id, AccountChange::Remove, now);
        let ended = removed.await?.map_err(|refusal| match refusal {
            AccountRefusal::LastAdministrator => Error::LastAdministrator,
            _ => Error::NoSession,
        })?;
        tracing::info!(account = ?account.name.as_str(), "deleted their account");
        self.end_sessions_of(visitor, &ended);
        self.tell_of_revocations();
        let departure = Departure {
            person: account.person.0,
            remains,
        };
        self.add_jobs(&[departure], self.served()).await?;
        Ok(())
    }
}

impl Job for Departure {
    const QUEUE: &'static str = "departures";
    const AT_ONCE: usize = 1;
    const LIMIT: Duration = Duration::from_mins(10);

    fn key(&self) -> String {
        self.person.to_string()
    }

    async fn run(self, app: Arc<App>) -> Result<(), Failure> {
        let person = PersonId(self.person);
        let mut after = (RoomId(0), Seq::START);
        loop {
            let done = match &self.remains {
                Remains::Nothing => app.delete_some(person, after).await?,
                Remains::Renamed(name) => app.rename_some(person, after, name).await?,
            };
            match done {
                Some(last) => after = last,
                None => return Ok(()),
            }
            sleep(PAUSE).await;
        }
    }
}

impl App {
    /// Deletes the next messages of a person. Returns the last of them.
    async fn delete_some(
        &self,
        person: PersonId,
        after: (RoomId, Seq),
    ) -> Result<Option<(RoomId, Seq)>, Failure> {
        let found = self.storage.messages_of(person, after, BATCH).await?;
        let deletions = found.clone().into_iter().map(|(room, target)| {
            let act = Act::Delete { target };
            self.log.append(
                room,
                Change {
                    by: By::System,
                    act,
                },
            )
        });
        for deleted in join_all(deletions).await {
            match deleted {
                // Somebody else may have deleted it meanwhile.
                Ok(_) | Err(Error::NoMessage) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(found.last().copied())
    }

    /// Renames the next messages of a person. Returns the last of them.
    async fn rename_some(
        &self,
        person: PersonId,
        after: (RoomId, Seq),
        name: &str,
    ) -> Result<Option<(RoomId, Seq)>, Failure> {
        let name = Username::parse(name)?;
        let renamed = self
            .storage
            .rename_messages_of(person, after, BATCH, name)
            .await?;
        for (room, seq) in &renamed {
            self.tails.pages.forget(*room, *seq);
        }
        Ok(renamed.last().copied())
    }
}
