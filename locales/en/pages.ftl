# The pages that the server writes. The chat screen is in chat.ftl.

site-description = Real-time chat rooms: pick one, say your name and talk.
skip-to-content = Skip to the content
main-navigation = Main
nav-rooms = Rooms
nav-administration = Administration
nav-account = Account:
language-switch = Language
language-back = Back to the page
back-to-rooms = Back to the rooms
cancel = Cancel

## Time

ago-now = just now
ago-minutes = { $count ->
    [one] { $count } minute ago
   *[other] { $count } minutes ago
}
ago-hours = { $count ->
    [one] { $count } hour ago
   *[other] { $count } hours ago
}
ago-days = { $count ->
    [one] { $count } day ago
   *[other] { $count } days ago
}
date = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }
date-utc = { date } (UTC)
moment = { date }, { $time } UTC
moment-local = { date }, { $time }

## The list of rooms

rooms-title = Rooms
rooms-lead = Pick a room and pull up a chair.
rooms-greeting = Welcome, { $name }! Pick a room and pull up a chair.
rooms-online = { $count ->
    [0] Nobody online
    [one] { $count } online
   *[other] { $count } online
}
rooms-quiet = No messages yet
rooms-last-activity = Last message:
rooms-own = My rooms
rooms-others = Other rooms
rooms-direct = Direct messages
rooms-direct-new = New conversation
rooms-direct-none = Nobody yet. Start a conversation with one person, or up to nine.
rooms-new = New room
rooms-unread = { $count ->
    [100] 99+ new
   *[other] { $count } new
}
rooms-leave-all = Leave all rooms
rooms-empty-title = No room is open
rooms-empty-text = Whoever administers Papo can create the first one.
rooms-empty-action = Open the administration

## Joining a room

join-title = Join { $room }
join-change-title = Your name in { $room }
join-username = Your name
join-hint = This is how the people in the room will see you. Up to 25 characters.
join-submit = Join the room
join-needs-account = This room is for people with an account. Sign in, and you come back here.
join-change-submit = Save name and return to the chat

## Rooms that people make and look after

new-room-title = New room
new-room-text = You look after it: you name it, invite people, and choose who helps you.
new-room-submit = Create room
room-kind = Who can find it
room-kind-public = Everybody
room-kind-public-hint = It is listed for all, and guests can join.
room-kind-members = Members
room-kind-members-hint = It is listed for people with an account, and they can join.
room-kind-private = Private
room-kind-private-hint = Nobody else sees it. People join by your invitation.
room-kind-direct = Direct
room-announcement = Only moderators write; the others read and react
room-is-announcement = Announcements
room-archived = Archived
about-back = Back to the chat
about-people = People
about-people-search = Name
about-people-none = Nobody by that name.
about-moderator = Moderator
about-you = (you)
about-person-manage = Manage
about-promote = Make moderator
about-demote = Make member
about-remove = Remove from the room
about-ban = Remove and ban
about-bans = Banned
about-lift = Lift the ban
about-manage = Settings of the room
about-kind-hint = A change of who can find it moves nobody out. Opening a private room shows what was written in it to those who join.
about-archive = Archive
about-archive-hint = Everybody in the room can read on; nobody can write. The room leaves the list.
about-archive-confirm = Archive for everybody
about-reopen = Open again
about-leave = Leave this room
about-invite = Invite people
about-invite-text = Make a link. Who opens it can join this room, as long as the link is valid.
about-invite-time = Valid for
about-invite-hour = 1 hour
about-invite-day = 1 day
about-invite-week = 7 days
about-invite-month = 30 days
about-invite-people = For how many people
about-invite-submit = Create link
about-invite-end = End it
about-invite-hours = { $count ->
    [one] { $count } hour more
   *[other] { $count } hours more
}
about-invite-days = { $count ->
    [one] { $count } day more
   *[other] { $count } days more
}
about-invite-uses = { $count ->
    [one] for { $count } person
   *[other] for { $count } people
}
about-link = Your link
about-link-url = Copy it and pass it on
about-link-hint = Papo keeps no copy, so nobody can show it again. A phone’s camera can read it from the picture.
about-done-saved = Room saved.
about-done-role = Role changed.
about-done-removed = Removed from the room.
about-done-banned = Removed from the room, and banned.
about-done-lifted = The ban has ended.
about-done-invited = Link created.
about-done-ended = The link has ended.
about-done-archived = Room archived.
about-done-reopened = The room is open again.
invite-title = Join { $room }
invite-needs-account = You are invited. People need an account to join here.
invite-sign-in = I have an account
direct-title = New conversation
direct-text = Pick one person, or up to nine. Only you and they see it.
direct-search = Name of an account
direct-search-submit = Search
direct-people = People
direct-none = No account has a name that begins like this.
direct-submit = Start

## Accounts

sign-in-title = Sign in
sign-in-text = With an account your name is yours alone, and your rooms are on all your devices.
sign-in-no-account = No account yet?
sign-up-title = Create an account
sign-up-text = Your name becomes yours alone, and your rooms are on all your devices.
sign-up-keeps = Your rooms and messages stay with you.
sign-up-submit = Create account
sign-up-has-account = Already have an account?
sign-up-name-hint = This is how people will see you. Nobody else can use it.
sign-up-closed = The people who run this site make the accounts. Ask them for yours.
sign-up-invited = To create an account here, open the invitation that you got from somebody who takes part.
password-hint = At least { $least } characters. A few words that don’t belong together do well.
password-show = Show the password
password-hide = Hide the password
sign-in = Sign in
sign-out = Sign out
account-name = Account name
account-password = Password

account-title = Your account
account-settings = Preferences
account-name-tab = Name
account-name-hint = It counts in the rooms where you have the account’s name. Messages that you have sent stay as they are.
account-name-save = Change the name
account-devices = Devices
account-done-saved = Preferences saved. They hold on all your devices.
account-done-renamed = Name changed.
account-done-password = Password changed. Your other devices were signed out.
account-done-ended = Done: signed out there.
settings-language = Language
settings-time-zone = Time zone
settings-hours = Times
settings-theme = Colours
settings-theme-light = Light
settings-theme-dark = Dark
settings-as-browser = As in the browser
settings-as-device = As on this device
settings-hint = Holds on all your devices.
settings-save = Save
password-title = Change the password
password-text = Your other devices will be signed out.
password-current = Current password
password-current-hint = The one with which you sign in today.
password-new = New password
password-save = Change the password
password-link-title = New password for { $name }
password-link-text = This link works only once. All devices on which you have signed in will be signed out.
account-delete = Delete
delete-title = Delete the account
delete-text = The account and its name will no longer exist, and you leave all rooms and devices. This can’t be undone.
delete-messages = Your messages
delete-keep = Stay in the rooms, under the name “Deleted account”.
delete-all = Are deleted, too.
delete-submit = Delete the account for ever
deleted-account = Deleted account
account-done-offered = The code was used already, or is too old. Here are your devices.
offer-title = Sign in on another device
offer-text = Point the camera of the other device at the code, or open the address there. It holds for two minutes.
offer-code = QR code with the address below
offer-taken = A device wants to sign in to your account. Confirm only if it is with you and shows this number:
offer-confirm = It is mine: let it in
offer-refuse = It isn’t mine
offer-confirmed = Done. The other device signs in within moments.
device-title = Sign in as { $name }
device-text = This device asks to sign in. Confirm on the device on which you are signed in.
device-confirm = On the other device, confirm that this is the number:
devices-text = Where you have signed in with this account. Sign out what you don’t recognise, and change the password.
devices-end-others = Sign out all others
device-unknown = Unknown device
device-this = this one
device-signed-in = Signed in
device-last-used = last used:
device-end = Sign out

## The chat

chat-absent = The chat didn’t open. Either the connection is slow, or this browser is too old: it needs Chrome 109, Firefox 115, Safari 16.4 or newer.
chat-needs-script = The chat needs JavaScript. Turn it on in your browser and reload the page.

## Leaving

leave-title = Leave { $room }?
leave-all-title = Leave all rooms?
leave-text = You stop getting messages. Come back whenever you like, under the same name.
leave-submit = Leave
leave-all-submit = Leave all
leave-stay = Stay
leave-nowhere-title = You aren’t in any room
leave-nowhere-text = There is nothing to leave. How about joining one?

## Errors of forms

error-username-blank = Write a name.
error-username-long = The name has more than 25 characters. Choose a shorter one.
error-username-character = The name has a character that can’t be used ({ $code }): it is invisible or changes the direction of text.
error-username-marks = The name has too many marks on one letter. Choose a simpler one.
error-username-registered = This name could be taken for that of an account. Choose another, or sign in if the account is yours.
error-username-reserved = This name could be taken for that of an administrator or of the chat itself. Choose another.
error-account-taken = There is an account with this name, or one very much like it.
error-password-length = A password has { $least } to { $most } characters.
error-last-administrator = You are the last administrator of this site. Give that right to another account first.
error-password-wrong = This isn’t your current password.
error-password-name = This password is easy to guess: it is made of your name or the name of this place. Choose another.
error-password-common = This password is easy to guess: many people have it, or nearly the same one. Choose another.
error-password-pattern = This password is easy to guess: it repeats, counts, is a date or follows the keys. Choose another.
error-password-words = This password is easy to guess: it is made of very common words. Add other words to it.
error-sign-in = Wrong name or password.
error-last-moderator = Somebody has to look after the room. Make somebody else a moderator first.
error-direct-people = Pick at least one person, and at most nine.
error-no-person = Somebody you picked has no account any more.
error-no-member = This person isn’t in the room any more.
error-account-suspended = This account is suspended. Ask the people who run this site.
error-no-cookie = Your browser didn’t keep the cookie that lets Papo recognise you. Allow cookies for this site, then try again.
error-no-cookie-here = Your browser didn’t keep the cookie that lets Papo recognise you. Check that you opened { $address }, allow cookies there, then try again.
error-no-language-cookie = Your browser didn’t keep the cookie that remembers the language. Allow cookies on this site and try again.
error-room-name-blank = Write a name for the room.
error-room-name-long = The room’s name has more than 100 characters.
error-room-name-control = The room’s name must be a single line without invisible characters.
error-room-name-taken = There is a room with this name.
error-description-long = The description has more than 1,000 characters.
error-description-character = The description has a character that can’t be stored.
error-place-name-long = The name has more than 60 characters. Choose a shorter one.
error-place-name-control = The name must be a single line without invisible characters.
error-welcome-long = The welcome has more than 2,000 characters.
error-welcome-character = The welcome has a character that can’t be stored.
error-accent = Choose a colour, written like #0b7348.
error-first-rooms = One of these rooms doesn’t exist. Choose again.
error-first-rooms-many = Choose at most 50 rooms.
error-choice = Choose one of the given answers.
error-place-changed = Somebody else changed the settings meanwhile. What you wrote is still here: saving again replaces what they saved.
error-no-guests = Only people with an account join rooms here. Sign in to join.
error-unavailable = The server can’t save this now. What you wrote is still here: try again in a little while.
error-rate-limited = { $seconds ->
    [one] That was too often. Try again in { $seconds } second.
   *[other] That was too often. Try again in { $seconds } seconds.
}

## Error pages

error-page-not-found-title = Page not found
error-page-not-found-text = Check the address, or start from the list of rooms.
error-page-no-room-title = This room doesn’t exist
error-page-no-room-text = It may have been closed, or the address has changed. Other rooms are open.
error-page-not-joined-title = Join the room first
error-page-not-joined-text = This page is for people who are in the room.
error-page-no-message-title = This message no longer exists
error-page-no-message-text = It had been deleted already.
error-page-banned-title = You can’t join this room
error-page-banned-text = One of its moderators has banned you from it.
error-page-needs-account-title = Sign in first
error-page-needs-account-text = Only people with an account can do this.
error-page-not-moderator-title = For moderators only
error-page-not-moderator-text = You don’t look after this room, or don’t any more.
error-page-read-only-title = This room can only be read
error-page-read-only-text = It is archived, or only its moderators write in it.
error-page-invitation-title = This invitation is no longer valid
error-page-invitation-text = It has expired, or was used as often as it may be. Ask for a new one.
error-page-no-member-title = This person isn’t in the room
error-page-no-member-text = They may have left in the meantime.
error-page-setup-title = This link is no longer valid
error-page-setup-text = It was used already, or the server has made a newer one.
error-page-password-link-text = It was used already, replaced by a newer one, or is too old. Ask the people who run this site for another.
error-page-offer-text = The code was used already, belongs to another device, or is too old. Show a new one on the device on which you are signed in.
error-page-not-administrator-title = For administrators only
error-page-not-administrator-text = Your account has no access to the administration.
error-page-cross-site-title = Request refused
error-page-cross-site-text = It didn’t come from a page of this site. Open the page here and try again.
error-page-method-title = That isn’t done here
error-page-method-text = The address exists, but it doesn’t take this kind of request.
error-page-large-title = That is too much
error-page-large-text = What was sent is larger than allowed.
error-page-rate-limited-title = Not so fast
error-page-unavailable-title = Back in a moment
error-page-unavailable-text = The server can’t answer now. Try again in a little while.
error-page-internal-title = Something went wrong
error-page-internal-text = The fault is ours and has been noted. Try again in a little while.
error-page-request-title = We didn’t understand the request
error-page-request-text = Go back to the page before and try again.

## Administration

admin-title = Administration
admin-setup-title = First administrator
admin-setup-text = Choose the name and password of the account that will look after the rooms. This link works only once.
admin-setup-username-hint = It is also your name in the rooms; nobody else can use it.
admin-setup-submit = Create account
admin-rooms = Rooms
admin-messages = Messages
admin-search = Search
admin-filter = Filter
admin-filters = Filters
admin-clear = Clear
admin-all-rooms = All
admin-state = State
admin-state-all = All
admin-state-active = Active
admin-state-inactive = Inactive
admin-active = Active
admin-inactive = Inactive
admin-pages = Pages
admin-page = Page { $number }
admin-previous = Previous
admin-next = Next
admin-actions = Actions
admin-nothing-found-title = Nothing found
admin-nothing-found-text = Change or clear the filters.

admin-room-new = New room
admin-room-edit-title = Edit room
admin-room-name = Name
admin-room-name-hint = Up to 100 characters, on one line.
admin-room-description = Description
admin-room-description-hint = Shown in the list of rooms. May be empty.
admin-room-active = Open: it is listed, and people can join
admin-room-active-hint = While it is archived, the people in it read on, and nobody writes. It leaves the list.
admin-room-private-hint = This room is private. You see its name, and can archive it. What is said in it is for those in it.
admin-room-enter-private = Add myself
admin-room-enter-private-hint = Everybody in the room sees that you have come in.
admin-room-enter-private-confirm = Add myself, for all to see
admin-room-enter = Enter
admin-room-open = Go to the room
admin-room-created = Created
admin-room-last-activity = Last message
admin-room-edit = Edit
admin-room-activate = Activate
admin-room-deactivate = Deactivate
admin-room-deactivate-confirm = Deactivate for everybody
admin-room-see-messages = See messages
admin-room-create = Create room
admin-room-save = Save
admin-never = never

admin-settings = Settings
settings-look = Name and look
settings-name = Name of this place
settings-name-hint = Shown in titles and at the top of every page. Up to 60 characters; may be empty.
settings-welcome = Welcome
settings-welcome-hint = Newcomers read it above the list of rooms. Up to 2,000 characters; may be empty.
settings-accent = Accent colour
settings-accent-use = Use this colour in place of Papo’s own
settings-accent-hint = Lighter or darker tones of it are used where text couldn’t be read otherwise.
settings-language-own = Papo’s own: Portuguese
settings-language-hint = For people whose browser asks for neither Portuguese nor English. Everybody can change it for themselves.
settings-people = People
settings-sign-up = Who may make an account
settings-sign-up-open = Everybody
settings-sign-up-invited = People with an invitation
settings-sign-up-closed = Nobody; administrators make accounts
settings-guests = People without an account may join rooms
settings-guests-hint = Without it they are asked to sign in. Those who are in a room stay in it.
settings-room-makers = Who may make rooms
settings-room-makers-accounts = Everybody with an account
settings-room-makers-administrators = Administrators
settings-first-rooms = Rooms that every new account joins
settings-first-rooms-hint = Up to 50. Nothing changes for accounts that are there already.

admin-people = People
people-administrators = Administrators
people-others = Everybody else
people-active = May sign in
people-suspended = Suspended
person-role = Role
person-active = active
person-suspended = suspended
person-used = Last used
person-made = Account made
person-devices = Devices
person-no-devices = Signed in nowhere.
person-signed-in = Signed in
person-end-sessions = Sign out on all devices
person-is-administrator = May open the administration and change everything there.
person-is-account = Uses the rooms, and has no access to the administration.
person-promote = Make an administrator
person-demote = Take the administration away
person-access = Access
person-suspend = Suspend
person-suspend-text = They are signed out everywhere at once and can’t sign in. The name stays theirs, and so do their messages.
person-suspend-confirm = Suspend now
person-restore = Restore
person-restore-text = This account is suspended: nobody can sign in with it.
person-remove = Remove the account
person-remove-text = For ever. They are signed out everywhere and leave all rooms, and anybody may take the name. Their messages stay.
person-remove-confirm = Remove for ever
person-back = Back to the people

admin-audit = Audit
audit-export = Save as a table (CSV)
audit-who = Who
audit-act = What was done
audit-what = To what
audit-all-acts = Everything
audit-command = command line
audit-damaged = can’t be read
audit-place-set = Changed the settings
audit-room-made = Made a room
audit-room-set = Changed a room
audit-room-opened = Opened a room
audit-room-closed = Closed a room
audit-message-deleted = Deleted a message
audit-account-made = Made an account
audit-password-set = Set a password
audit-sessions-ended = Signed out all devices
audit-account-suspended = Suspended an account
audit-account-restored = Restored an account
audit-account-removed = Removed an account
audit-administrator-made = Made an administrator
audit-administrator-unmade = Took the administration away

admin-message = Message
admin-message-room = Room
admin-message-sender = Who
admin-message-time = When
admin-message-from = From
admin-message-to = To
admin-message-edited = edited
mark-account = account
mark-administrator = administrator
admin-message-delete = Delete
admin-message-delete-confirm = Delete for everybody

admin-done-created = Room created.
admin-done-saved = Room saved.
admin-done-activated = Room activated.
admin-done-deactivated = Room archived. Those who are in it read on.
admin-done-deleted = Message deleted.
admin-done-settings = Settings saved.
admin-done-suspended = Account suspended, and signed out everywhere.
admin-done-restored = Account restored.
admin-done-ended = Signed out on all devices.
admin-done-promoted = This account administers now.
admin-done-demoted = This account administers no more.
admin-done-removed = Account removed.
