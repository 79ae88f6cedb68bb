# The chat screen.

status-connecting = Connecting…
status-online = Online
status-offline = Disconnected

back-to-rooms = Back to the rooms
room-menu = Room options
change-name = Change name
leave-room = Leave the room

people-count = { $count ->
    [one] { $count } person online
   *[other] { $count } people online
}
people-title = Who is online
people-self = you
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
new-marker = New messages
new-messages = { $count ->
    [one] { $count } new message
   *[other] { $count } new messages
}
to-end = Go to the end

message-edited = (edited)
message-edit = Edit
message-delete = Delete
message-pending = Sending…
message-sent = Sent
message-retry = Try again
message-discard = Discard
failed-other = It wasn’t sent.
failed-bad-message = It wasn’t sent: the text is empty or too long.
failed-not-joined = It wasn’t sent: you are no longer in this room.
failed-no-room = It wasn’t sent: the room was closed.

same-name = More than one person has a name like this. The ending ·{ $suffix } tells this one apart.

typing-one = { $first } is typing…
typing-two = { $first } and { $second } are typing…
typing-many = Several people are typing…
offline-hint = No connection. Your text is kept.

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
left-text = You left this room.
left-link = Join again
