# The chat screen.

status-connecting = Connecting…
status-online = Online
status-offline = Disconnected
status-stalled = Not saving
status-silent = No answer

back-to-rooms = Back to the rooms
back-to-unread = Back to the rooms: { $count } unread
room-menu = Room options
change-name = Change name
sign-in = Sign in
sign-out = Sign out
leave-room = Leave the room

sidebar-label = Rooms
sidebar-rooms = Rooms
sidebar-others = Other rooms
sidebar-unread = { $count } unread
sidebar-news-one = 1 new
sidebar-news = { $count } new
sidebar-draft = draft
sidebar-failed = message not sent
shell-menu = Settings
mark-all-read = Mark all as read
order-by-activity = Recent rooms first
look-rows = Messages as rows
notify-desktop = Notify outside the page
notify-denied = The browser allows no notifications of this page.
notify-sound = Sound
announce-room = Room { $name }
announce-room-unread = Room { $name }, { $count } unread
switcher-open = Go to…
switcher-title = Go to a room
switcher-placeholder = Name of the room
switcher-none = None of your rooms has that name.
sidebar-muted = muted
part-failed = Couldn’t open it. Check the connection, or load the page again.

room-level = Notifications
room-mark-read = Mark as read
level-title = What is news in this room
level-everything = Everything
level-everything-about = Every message counts.
level-mentions = Mentions
level-mentions-about = Only what mentions you.
level-nothing = Nothing
level-nothing-about = The room is dimmed in the list, without a number.
level-hidden = Hidden
level-hidden-about = The room isn’t listed; it is in “Go to…”.
level-failed = Couldn’t save it. Try again.
log-loading = Loading the conversation…

people-count = { $count ->
    [one] { $count } person online
   *[other] { $count } people online
}
people-title = Who is online
people-self = you
mark-account = account
mark-administrator = administrator
people-more = { $count ->
    [one] and { $count } more
   *[other] and { $count } more
}

log-label = Messages in { $room }
load-older = Load earlier messages
loading-older = Loading…
older-failed = Couldn’t load them. Try again
beginning = The conversation starts here.
empty-title = Nobody has spoken yet
empty-text = Write the first message and get talking.
today = Today
yesterday = Yesterday
new-marker = New
unread-new = { $count } new
unread-since = { $count } new since { $since }
unread-beyond = { $count }+ new
unread-first = Go to first
unread-read = Mark as read
new-messages = { $count ->
    [one] { $count } new message
   *[other] { $count } new messages
}
to-end = Go to the end

message-edited = (edited)
message-damaged = (damaged on disk)
message-edit = Edit
message-delete = Delete
message-menu = What to do with the message
message-mark-unread = Mark as unread from here
message-copy = Copy the text
message-copy-failed = The browser doesn’t allow it.
menu-close = Close
message-pending = Sending…
message-sent = Sent
waits-for-connection = waits for the connection
waits-for-server = waits for the server
waits-for-turn = waits for its turn
message-retry = Try again
message-discard = Discard
failed-other = It wasn’t sent.
failed-bad-message = It wasn’t sent: the text is empty or too long.
failed-not-joined = It wasn’t sent: you are no longer in this room.
failed-no-room = It wasn’t sent: the room was closed.

same-name = More than one person has a name like this. The ending ·{ $suffix } tells this one apart.

announce-posted = { $name }: { $message }
announce-edited = { $name } edited: { $message }
announce-deleted = { $name } deleted a message
announce-failed = It wasn’t sent: { $message }
announce-burst = { $count } new messages
announce-changes = { $count } messages changed

keys-title = Keys
keys-open = Keys
keys-close = Close
keys-switcher = Go to a room by its name
keys-rooms = The room above or below
keys-unread-rooms = The next room with news
keys-regions = From the rooms to the header, the messages and the text field, and back
keys-move = From message to message; up at the first one loads earlier ones
keys-unread = On a message: next unread
keys-mark-unread = On a message: mark as unread from it on
keys-menu = On a message: what to do with it
keys-edit = On your message: edit
keys-delete = On your message: delete
keys-read = On the messages and in the field: mark as read and write
keys-last = In the empty message box: edit your last message
keys-list = On the messages: this list

typing-one = { $first } is typing…
typing-two = { $first } and { $second } are typing…
typing-many = Several people are typing…

# What keeps messages from being sent, in a line above the composer.
connecting = Connecting…
connection-silent = The connection doesn’t answer; your messages wait here.
reconnect-in = Connects again in { $seconds } s
reconnect-now = Try now
server-stalled = The server can’t save now; your messages wait here.
server-stalled-disk = The server’s disk is full; your messages wait here.
server-stalled-database = The server’s database can’t be reached or takes nothing; your messages wait here.
sends-in = Too many messages at once: the next goes out in { $seconds } s
refused-address = The page opens, but the chat only works at { $origin }, and this page is at { $here }.
refused-address-link = Open it there
refused-proxy = The page opens, but the chat doesn’t connect. A proxy or the network may not let WebSockets through.
refused-too-many = Too many connections from this browser or address. Close the chat in other tabs.

composer-label = Message
composer-placeholder = Write a message
composer-send = Send
composer-save = Save
composer-editing = Editing the message
composer-cancel = Cancel editing
characters-left = { $count ->
    [one] { $count } character left
   *[other] { $count } characters left
}
characters-over = { $count ->
    [one] { $count } character too many
   *[other] { $count } characters too many
}
edit-failed = Couldn’t save it. Try again.
edit-gone = This message no longer exists.

delete-title = Delete this message?
delete-text = It disappears for everybody. This can’t be undone.
delete-confirm = Delete
delete-cancel = Cancel
delete-failed = Couldn’t delete it. Try again.

closed-text = This room was closed.
closed-link = Back to the rooms
left-text = You are no longer in this room.
left-link = Join again
ended-text = Your session has ended.
ended-link = Join again
