//! The use cases of Papo: see the rooms, join, post, read on, leave, administer.
//!
//! Pages, sockets and the command line call the same functions. Each checks the person's rights,
//! stores the change, and tells the followers. This crate names the traits that it needs (storage,
//! channel layer) and no implementation. It knows nothing of HTTP.

mod account_changes;
mod accounts;
mod actor;
mod administration;
mod app;
mod audit;
mod broken;
mod clock_watch;
mod defects;
mod departures;
mod devices;
mod doubts;
mod entry_states;
mod error;
mod fan_out;
mod frame;
mod guesses;
mod heads;
mod inboxes;
mod invitations;
mod jobs;
mod journals;
mod lease;
mod leaving;
mod live;
mod messages;
mod metrics;
mod moderation;
mod new_passwords;
mod nodes;
mod offers;
mod own_account;
mod pages;
mod passwords;
mod people;
mod place;
mod rate_limits;
mod reading;
mod revocations;
mod room_log;
mod rooms;
mod served;
mod sign_up;
mod sources;
mod subscriptions;
mod visits;

pub use accounts::{PASSWORD_CHARACTERS, check_password};
pub use actor::{Actor, Member};
pub use administration::Administrator;
pub use app::{App, Settings};
pub use departures::Remains;
pub use error::{Error, ErrorKind, Trouble};
pub use guesses::Guess;
pub use inboxes::RoomList;
pub use invitations::{INVITATION_LIFETIME, INVITATION_USES, InvitedRoom};
pub use messages::PostRequest;
pub use metrics::{BATCH_BUCKETS, BATCH_EVENTS, COMMIT_BUCKETS, COMMIT_SECONDS, Metrics};
pub use moderation::{MEMBERS_SHOWN, RoomAbout, RoomDraft};
pub use offers::{OFFER_LIFETIME, OfferSeen};
pub use papo_channel_layer::{
    Connection, Frame, Nodes, Notice, Read, TailLimits, Wants, Wire, Written,
};
pub use papo_storage::{
    AccountChange, AccountFilter, AccountOverview, AccountPerson, AccountSession, AuditFilter, Ban,
    DeadJob, Invitation, InvitationId, JobId, MembershipState, MessageFilter, MessagePage,
    PlaceVersion, ReadMark, RoomFilter, RoomMember, StoredPlace,
};
pub use rate_limits::{Action, RateLimits, network};
pub use reading::MarkReply;
pub use room_log::{Committed, Reply};
pub use rooms::{OwnRoom, RoomListing};
pub use sources::{Clock, Random};
pub use subscriptions::{Start, StartingPoint, Subscription};
pub use visits::{Admitted, SignedIn, Visitor};
