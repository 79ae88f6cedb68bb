//! The limited actions and their rates.

/// A limited action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Joining a room or changing one's name.
    Join,
    /// Posting, editing, deleting.
    Send,
    /// Opening a socket.
    Connect,
    /// Trying a password or a one-time link.
    SignIn,
    /// Making an account.
    SignUp,
    /// Changing one's name or settings.
    Account,
    /// Looking at an offer to sign in on another device.
    Offer,
    /// Searching rooms or messages.
    Search,
    /// Saying that one is writing.
    Typing,
    /// Trying a password from a browser that has signed in before.
    KnownSignIn,
    /// Requesting a page of messages, a snapshot or missing events.
    Read,
    /// Receiving them, counted in KiB.
    Take,
    /// Sending what changes nothing: a heartbeat, the end of a subscription, the sign of writing, a
    /// wrong request.
    Waste,
    /// Getting the answer that something can't be done now.
    Refusal,
    /// Moving one's read position, or asking for one's membership.
    Membership,
}

/// At most `burst` at once, and `per_minute` in the long run.
pub(super) type Rate = (u32, u32);

/// A rate for each person, address and room; `None` is no limit. A class of 300 behind one address
/// must be able to come in at once, so addresses get a lot more than people.
pub(super) const fn rates(action: Action) -> [Option<Rate>; 3] {
    match action {
        Action::Join => [Some((10, 30)), Some((400, 600)), None],
        Action::Send => [Some((30, 180)), Some((1_000, 6_000)), Some((2_000, 12_000))],
        Action::Connect => [Some((30, 120)), Some((1_000, 3_000)), None],
        // Here a person is a name tried from one network.
        Action::SignIn => [Some((10, 6)), Some((20, 20)), None],
        // A class makes its accounts at once.
        Action::SignUp => [Some((10, 10)), Some((400, 60)), None],
        Action::Account => [Some((30, 30)), Some((400, 600)), None],
        // A page looks every three seconds.
        Action::Offer => [None, Some((200, 1_000)), None],
        Action::Search => [Some((30, 120)), Some((100, 600)), None],
        Action::Typing => [Some((5, 60)), None, Some((200, 3_000))],
        // Here a person is a browser.
        Action::KnownSignIn => [Some((10, 6)), None, None],
        // A person may have several tabs, each with a hundred rooms.
        Action::Read => [Some((300, 600)), Some((6_000, 12_000)), None],
        // In KiB: pages of 32 MiB at once and 64 MiB a minute.
        Action::Take => [Some((32_768, 65_536)), Some((524_288, 1_048_576)), None],
        // Fifty sockets send three heartbeats a minute each. An address has no limit: one person
        // would use it up for all.
        Action::Waste => [Some((600, 1_200)), None, None],
        // Fifty sockets each retry for two rooms a second.
        Action::Refusal => [Some((600, 6_000)), None, None],
        // A client asks once a second in the room that it shows, and once more for each room in
        // which something was deleted.
        Action::Membership => [Some((120, 600)), None, None],
    }
}

/// A rate for each name of a sign-in, from all networks together. It is much more than a person's:
/// an attacker needs at least ten networks to use it up. Then the name's owner gets in from a known
/// browser, and from a network that hasn't guessed (`late.rs`).
///
/// With that way it lets through 103,680 guesses a day at a password of ten characters or more. Of
/// ten random letters that is not a millionth part in a year. A list of the million commonest
/// passwords takes ten days. The queue in `passwords.rs` bounds the work of these guesses.
pub(super) const fn name_rate(action: Action) -> Option<Rate> {
    match action {
        Action::SignIn => Some((100, 60)),
        _ => None,
    }
}

pub(super) const ACTIONS: [Action; 15] = [
    Action::Join,
    Action::Send,
    Action::Connect,
    Action::SignIn,
    Action::SignUp,
    Action::Account,
    Action::Offer,
    Action::Search,
    Action::Typing,
    Action::KnownSignIn,
    Action::Read,
    Action::Take,
    Action::Waste,
    Action::Refusal,
    Action::Membership,
];
