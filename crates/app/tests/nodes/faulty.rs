//! A storage with faults: it fails, or keeps an answer back, as a test says.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use papo_domain::{
    Account, AccountId, AccountName, AuditEntry, Denial, DeviceText, Epoch, Event, MemberRole,
    PersonId, PersonSettings, Place, RelayKey, Room, RoomId, RoomMakers, RoomName, RoomOverview,
    RoomState, Seq, SessionId, Timestamp, Username,
};
use papo_storage::{
    AccountChange, AccountChanges, AccountFilter, AccountOverview, AccountPerson, AccountRefusal,
    AccountSession, Accounts, Audit, AuditFilter, Authors, Ban, Bans, Batch, By, Check, Clocks,
    DeadJob, Devices, DirectRefusal, Directs, Identity, Import, ImportReport, ImportedRoom,
    InboxEntry, InboxId, Inboxes, Instance, Invitation, InvitationId, Invitations, JobId, JobLease,
    Jobs, JoinRefusal, Joined, Log, MemberFilter, MemberRefusal, Members, MembershipState,
    Memberships, MessageFilter, MessagePage, Messages, NewAccount, NewInvitation, NewJob,
    NewSession, Offer, Offers, Passwords, People, Persons, PlaceRefusal, PlaceSettings,
    PlaceVersion, Queues, ReadMark, ReadPositions, Revocation, RevocationId, Revocations,
    RoomFilter, RoomMember, Rooms, Served, Session, Sessions, Setup, Snapshot, Standing, Storage,
    StorageError, StoredPassword, StoredPlace, TakeJobs, TakenJob, Taker, Times, TokenHash,
};
use parking_lot::Mutex;
use tokio::sync::watch;

/// The fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    /// The database is away.
    Away,
    /// This method fails.
    Fails(&'static str),
    /// This method works, and answers only when the fault has ended.
    Late(&'static str),
}

/// A node's way to the shared storage.
#[derive(Clone)]
pub(crate) struct Faulty {
    storage: Arc<dyn Storage>,
    fault: watch::Sender<Fault>,
    /// Whether an answer is being kept back.
    is_late: watch::Sender<bool>,
    /// How often each method has answered.
    answers: Arc<Mutex<HashMap<&'static str, usize>>>,
}

impl Faulty {
    pub(crate) fn new(storage: &Arc<dyn Storage>) -> Self {
        Self {
            storage: Arc::clone(storage),
            fault: watch::Sender::new(Fault::Nothing),
            is_late: watch::Sender::new(false),
            answers: Arc::default(),
        }
    }

    /// Sets the fault.
    pub(crate) fn fail(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// Waits until an answer is being kept back.
    pub(crate) async fn late(&self) {
        let mut is_late = self.is_late.subscribe();
        is_late.wait_for(|is_late| *is_late).await.unwrap();
    }

    /// How often this method has answered.
    pub(crate) fn answers(&self, method: &str) -> usize {
        self.answers.lock().get(method).copied().unwrap_or(0)
    }

    fn before(&self, method: &str) -> Result<(), StorageError> {
        let fault = *self.fault.borrow();
        match fault {
            Fault::Away => Err(away()),
            Fault::Fails(failing) if failing == method => Err(away()),
            _ => Ok(()),
        }
    }

    async fn after(&self, method: &'static str) {
        *self.answers.lock().entry(method).or_default() += 1;
        let mut fault = self.fault.subscribe();
        let late = Fault::Late(method);
        if *fault.borrow() == late {
            self.is_late.send_replace(true);
            fault.wait_for(|fault| *fault != late).await.unwrap();
        }
    }
}

fn away() -> StorageError {
    StorageError::Unavailable("it is away".into())
}

impl Storage for Faulty {}

/// Passes these themes' methods on, unless there is a fault. Those in brackets are written out.
macro_rules! pass_on {
    ($($theme:ident $([$($written_out:tt)*])? {
        $($method:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*
    })*) => { $(
        #[async_trait]
        impl $theme for Faulty {
            $($($written_out)*)?

            $(
                async fn $method(&self, $($argument: $kind),*) -> Result<$answer, StorageError> {
                    self.before(stringify!($method))?;
                    let answer = self.storage.$method($($argument),*).await;
                    self.after(stringify!($method)).await;
                    answer
                }
            )*
        }
    )* };
}

pass_on! {
    Instance {
        epoch() -> Epoch;
        relay_key() -> RelayKey;
    }
    Log [
        fn append(&self, batch: Box<dyn Batch>) {
            match self.before("append") {
                Ok(()) => self.storage.append(batch),
                Err(error) => batch.tell(Err(error)),
            }
        }
    ] {
        events_after(room: RoomId, after: Seq, limit: usize) -> Vec<Event>;
        last_seqs(rooms: Vec<RoomId>) -> Vec<(RoomId, Seq)>;
    }
    Messages {
        snapshot(room: RoomId, limit: usize) -> Option<Snapshot>;
        messages_before(room: RoomId, before: Seq, limit: usize) -> MessagePage;
        find_messages(filter: MessageFilter) -> MessagePage;
    }
    Authors {
        messages_of(person: PersonId, after: (RoomId, Seq), limit: usize) -> Vec<(RoomId, Seq)>;
        rename_messages_of(
            person: PersonId,
            after: (RoomId, Seq),
            limit: usize,
            name: Username
        ) -> Vec<(RoomId, Seq)>;
    }
    Rooms {
        room(room: RoomId) -> Option<Room>;
        rooms(filter: RoomFilter) -> Vec<RoomOverview>;
        create_room_for(state: RoomState, moderator: Option<PersonId>, at: Timestamp) -> Room;
        open_room(session: SessionId, makers: RoomMakers, state: RoomState, at: Timestamp)
            -> Result<Room, Denial>;
        create_first_rooms(states: Vec<RoomState>, at: Timestamp) -> ();
    }
    Times {
        serve(at_least: Served) -> Served;
        clocks() -> Clocks;
    }
    Sessions {
        session(token: TokenHash, room: Option<RoomId>) -> Option<Session>;
        create_session(guest: PersonId, session: NewSession) -> SessionId;
        sign_in(
            account: AccountId,
            password: StoredPassword,
            session: NewSession,
            before: Option<SessionId>
        ) -> Option<SessionId>;
        has_session(session: SessionId) -> bool;
        touch_session(session: SessionId, used: Served) -> ();
        end_session(session: SessionId) -> ();
        expire_sessions(unused_since: Served) -> u64;
    }
    Persons {
        set_settings(session: SessionId, settings: PersonSettings) -> bool;
    }
    Devices {
        note_device(session: SessionId, device: DeviceText) -> ();
        devices(session: SessionId) -> Vec<AccountSession>;
        end_device(session: SessionId, device: SessionId) -> bool;
        end_other_devices(session: SessionId) -> Vec<SessionId>;
    }
    Offers {
        make_offer(session: SessionId, offer: TokenHash, until: Served, now: Served) -> bool;
        offer(offer: TokenHash, now: Served) -> Option<Offer>;
        take_offer(offer: TokenHash, taker: Taker, now: Served) -> bool;
        confirm_offer(session: SessionId, offer: TokenHash, code: i64, now: Served) -> bool;
        end_offer(session: SessionId, offer: TokenHash) -> ();
        claim_offer(
            offer: TokenHash,
            taker: TokenHash,
            session: NewSession,
            before: Option<SessionId>
        ) -> Option<(Account, SessionId)>;
    }
    Passwords {
        change_password(session: SessionId, before: StoredPassword, after: StoredPassword)
            -> Option<Vec<SessionId>>;
        set_password_link(account: AccountId, link: TokenHash, until: Served) -> bool;
        password_link(link: TokenHash, now: Served) -> Option<Account>;
        claim_password_link(link: TokenHash, now: Served, password: StoredPassword)
            -> Option<(Account, Vec<SessionId>)>;
    }
    Memberships {
        join(session: SessionId, room: RoomId, username: Username, at: Timestamp)
            -> Result<Joined, JoinRefusal>;
        leave(session: SessionId, room: Option<RoomId>) -> Vec<RoomId>;
        memberships(session: SessionId) -> Vec<(RoomId, Username)>;
        identity(session: SessionId, room: RoomId) -> Option<Identity>;
        standing(session: SessionId, room: RoomId) -> Option<Standing>;
    }
    Members {
        admit_administrator(session: SessionId, room: RoomId, at: Timestamp)
            -> Result<(), Denial>;
        members(room: RoomId, filter: MemberFilter) -> Vec<RoomMember>;
        set_role(by: By, room: RoomId, person: PersonId, role: MemberRole)
            -> Result<(), MemberRefusal>;
    }
    Bans {
        remove_member(by: By, room: RoomId, person: PersonId, bans: bool, at: Timestamp)
            -> Result<(), MemberRefusal>;
        lift_ban(by: By, room: RoomId, person: PersonId) -> Result<(), MemberRefusal>;
        bans(room: RoomId) -> Vec<Ban>;
    }
    Invitations {
        create_invitation(by: By, invitation: NewInvitation) -> Result<(), Denial>;
        invitations(room: RoomId) -> Vec<Invitation>;
        invitation(token: TokenHash) -> Option<Invitation>;
        end_invitation(by: By, room: RoomId, id: InvitationId) -> Result<(), Denial>;
        accept_invitation(
            session: SessionId,
            token: TokenHash,
            username: Username,
            at: Timestamp
        ) -> Result<Joined, JoinRefusal>;
    }
    Directs {
        start_direct(session: SessionId, others: Vec<PersonId>, at: Timestamp)
            -> Result<Room, DirectRefusal>;
        direct_name(room: RoomId, person: PersonId) -> Option<RoomName>;
        accounts_by_name(asker: PersonId, prefix: String, limit: usize) -> Vec<AccountPerson>;
        accounts_of(persons: Vec<PersonId>) -> Vec<AccountPerson>;
    }
    ReadPositions {
        membership_states(session: SessionId) -> (InboxId, Vec<MembershipState>);
        membership_state(session: SessionId, room: RoomId) -> Option<MembershipState>;
        mark(marks: Vec<(SessionId, RoomId, ReadMark)>) -> Vec<Option<MembershipState>>;
    }
    Inboxes {
        inbox_after(after: InboxId, limit: usize) -> Vec<InboxEntry>;
        last_inbox_entry() -> InboxId;
        forget_inbox(age: Duration) -> u64;
    }
    Revocations {
        revocations_after(after: RevocationId, limit: usize) -> Vec<Revocation>;
        last_revocation() -> RevocationId;
        forget_revocations(age: Duration) -> u64;
    }
    Accounts {
        create_account(account: NewAccount) -> Account;
        accounts() -> Vec<Account>;
        has_administrator() -> bool;
        rename_account(session: SessionId, name: AccountName) -> Result<(), AccountRefusal>;
        account(account: AccountId) -> Option<Account>;
        account_password(name: AccountName) -> Option<(Account, StoredPassword)>;
    }
    AccountChanges {
        account_sessions(account: AccountId) -> Vec<AccountSession>;
        change_account(by: By, account: AccountId, change: AccountChange, at: Timestamp)
            -> Result<Vec<SessionId>, AccountRefusal>;
    }
    Jobs {
        add_jobs(jobs: Vec<NewJob>, now: Served) -> u64;
        queues(queues: Vec<String>, now: Served) -> Queues;
        take_jobs(queue: String, take: TakeJobs, now: Served) -> Vec<TakenJob>;
        extend_jobs(leases: Vec<JobLease>, now: Served) -> Vec<JobLease>;
        finish_job(lease: JobLease, remembered: Duration, now: Served) -> bool;
        fail_job(lease: JobLease, error: String, again: Option<Duration>, now: Served) -> bool;
        dead_jobs(limit: usize) -> Vec<DeadJob>;
        retry_job(job: JobId, now: Served) -> bool;
        remove_job(job: JobId) -> bool;
        forget_jobs(now: Served) -> u64;
    }
    Setup {
        set_setup_token(token: TokenHash) -> ();
        is_setup_token(token: TokenHash) -> bool;
        claim_setup(token: TokenHash, account: NewAccount) -> Option<Account>;
    }
    PlaceSettings {
        place() -> StoredPlace;
        set_place(by: By, before: PlaceVersion, place: Place, at: Timestamp)
            -> Result<PlaceVersion, PlaceRefusal>;
    }
    People {
        find_accounts(filter: AccountFilter) -> Vec<AccountOverview>;
    }
    Audit {
        audit(filter: AuditFilter) -> Vec<AuditEntry>;
        forget_audit(age: Duration) -> u64;
    }
    Import {
        import(
            rooms: Box<dyn Iterator<Item = Result<ImportedRoom, String>> + Send>
        ) -> ImportReport;
    }
    Check {
        check() -> Vec<String>;
    }
}
