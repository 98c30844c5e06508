# Hushwing in English. Words that people use: account, message, address, contact.
# Each id is used by the web app; other front ends take what they need.

app-name = Hushwing
title-unread = ({ $count }) Hushwing
language = Language

## Parts that many places use
back = Back
cancel = Cancel
close = Close
continue = Continue
done = Done
copied = Copied
copy-failed = It could not be copied. Select the text and copy it by hand.
menu = Menu
retry-now = Try again now
search = Search
search-nothing = Nothing found.
you = You
no-name = No name
off = Off
on = On
hidden-character = A character that cannot be seen
qr-nothing = No QR code was found in this image. Try one that is sharper or shows only the code.
file-drop = Choose a file, drop it here, or paste it

## Opening the page
opening-title = One moment
opening-text = Hushwing is being asked whether it is there.
closed-title = Open Hushwing again
closed-text = This page no longer belongs to a running Hushwing. Start it from your menu, or with this command; nothing is lost.
closed-text-window = This page no longer belongs to a running Hushwing. Nothing is lost.
closed-again = Open it again
daemon-gone = Hushwing does not answer. It may have been stopped; this page tries again by itself.

## First run
welcome-title = Talk without being watched
welcome-text = Hushwing needs no phone number, no mail address and no name. Your account lives on this computer only.
welcome-create = Create an account
welcome-create-text = Takes a minute. You choose a passphrase. Have a link from a friend? You paste it right afterwards.
welcome-restore = Restore from a backup
welcome-restore-text = Bring an account back from a backup file.
passphrase = Passphrase
passphrase-again = The same passphrase again
passphrase-show = Show the passphrase
passphrase-title = Choose a passphrase
passphrase-text = It locks everything on this computer: your messages, your contacts, your keys.
passphrase-too-weak = Add words until the bar turns green.
passphrase-missing = Type your passphrase.
passphrase-differs = The two are not the same. Type it again, or go back and choose another one.
repeat-title = Type it once more
repeat-text = So that no slip of the finger locks you out.
repeat-warning = Nobody can recover a forgotten passphrase, and neither can we. Write it down and keep it somewhere safe.
create-account = Create the account
creating = Creating…
strength-advice = Five or more words that do not belong together are good, and easy to remember.
strength-more = Good enough. One more word makes it far stronger.
strength-enough = Strong.
strength-weak = Too easy to guess.
strength-keyboard = Too easy to guess: it follows the keyboard.
strength-repeats = Too easy to guess: it repeats itself.
strength-sequence = Too easy to guess: it is a sequence.
strength-date = Too easy to guess: it has a date or a year in it.
strength-common = Too easy to guess: many people use it.
strength-single-word = Too easy to guess: it is a single word.
strength-name = Too easy to guess: it is a name.
strength-time = Guessing it would take somebody who stole this computer { $time }.
time-moment = a moment
time-minutes = { $count ->
    [one] a minute
   *[other] { $count } minutes
}
time-hours = { $count ->
    [one] an hour
   *[other] { $count } hours
}
time-days = { $count ->
    [one] a day
   *[other] { $count } days
}
time-months = { $count ->
    [one] a month
   *[other] { $count } months
}
time-years = { $count ->
    [one] a year
   *[other] { $count } years
}
time-centuries = centuries
unlock-title = Welcome back
unlock-text = Type your passphrase to open your account.
unlock = Unlock
unlocking = Unlocking…
restore-title = Which backup?
restore-text = A backup is one sealed file. It opens with the passphrase that it was made with.
restore-choose = Choose the backup file
restore-reading = Reading the file…
restore-passphrase-title = The passphrase of this backup
restore-passphrase-text = It becomes the passphrase of the account on this computer.
restore-checking = Checking the backup…
restore-found-title = This backup is whole
restore-found = Made { $date }, with { $contacts ->
    [one] one contact
   *[other] { $contacts } contacts
} and { $messages ->
    [one] one message
   *[other] { $messages } messages
}.
restore-warning = Use the account on one computer only. If it still runs somewhere else, stop it there for good.
restore-now = Restore this account
restoring = Restoring…

## Start
start-ready = Your account is ready
start-title = Nobody is here yet
start-text = Have you been given an invite? Then you can write at once. If not, invite somebody. You need not wait for the network.
start-relay = Optional: add a relay
start-relay-text = A relay keeps messages for you while you are away. It cannot read them. Ask a friend for an address; people with an invite need none to begin.
start-relay-done = A relay keeps messages for you while you are away.
start-invite = Invite somebody
start-invite-text = Make a link for one person and hand it over.
start-invite-done = An invite is out. Whoever uses it appears here in the list.
start-redeem = Use an invite
start-redeem-text = Somebody gave you a link or a QR code.
start-choose = Choose a chat to read and write.

## Chats
chats = Chats
chats-none = No chats yet.
new-contact = New contact
requests-waiting = { $count ->
    [one] One person wants to talk to you
   *[other] { $count } people want to talk to you
}
draft = Draft:
no-messages = No messages yet
unread = { $count ->
    [one] one unread message
   *[other] { $count } unread messages
}
verified = Verified
unverified = Not verified
changed = Safety number changed

## Conversation
conversation = Conversation
back-to-chats = Back to all chats
messages-with = Messages with { $name }
loading-older = Older messages are being fetched…
new-messages = New
to-newest = To the newest message
conversation-empty = Nothing has been said yet. Write the first message.
conversation-empty-waiting = You can write already. Your messages go out as soon as they have answered.
write-message = Write a message
write-to = Message to { $name }
send = Send
send-again = Send again
show-all = Show all of it
show-less = Show less
room-left = { $left } bytes left
too-long = Too long for one message by { $over } bytes. Send it in parts.
said-by = { $who }:
day-today = Today
day-yesterday = Yesterday
announce-message = New message from { $name }
announce-text = { $name }: { $text }
announce-request = Somebody wants to talk to you
emoji = Emoji
emoji-search = Search emoji
emoji-nothing = No emoji found.
emoji-groups = Kinds of emoji
emoji-smileys = Smileys
emoji-people = People and hands
emoji-nature = Animals and nature
emoji-food = Food and drink
emoji-travel = Travel and places
emoji-activities = Activities
emoji-objects = Objects
emoji-symbols = Symbols
emoji-flags = Flags

## Where a message is
state-waiting-contact = Waits until they accept
state-waiting-contact-text = It is kept safely here and goes out as soon as they have answered.
state-held = Held back
state-held-text = It is kept safely here and does not leave at present.
state-waiting-network = Waiting for the network
state-waiting-network-text = It is kept safely here and goes out by itself as soon as the network is ready.
state-waiting-relay = Waiting for a relay
state-waiting-relay-text = Neither their device nor a relay could be reached yet. It is tried again by itself.
state-sending = On its way
state-sending-text = It is being handed over now.
state-at-relay = Waits for them at { $stored } of { $of } relays
state-at-relay-text = { $stored ->
    [one] A relay keeps
   *[other] { $stored } relays keep
} it until their device fetches it. No relay can read it.
state-delivered = On their device
state-delivered-text = Their device has it and has confirmed that.
state-read = Read
state-read-text = They have seen it.
state-damaged = Damaged
state-damaged-text = What it said cannot be read here any more.
state-failed = Not sent
state-failed-text = It did not arrive and will not be tried again by itself.
state-received = Received
state-received-text = It came whole and unchanged from this contact.
state-unreadable = A message that could not be read
state-unreadable-text = Something came from this contact that could not be opened.

## What is unusual about a contact
contact-blocked = You have blocked this contact
contact-blocked-text = Nothing is fetched from them and nothing is sent to them. They are not told.
contact-fetching = Their invite is being fetched
contact-fetching-text = You can write already; it goes out afterwards.
contact-requested = They have not answered yet
contact-requested-text = They will see it when they are next online. You can write already; it goes out afterwards.
contact-failed = You could not be connected
contact-failed-text = Ask them for a new invite.
contact-damaged = What was stored about this contact is damaged
contact-damaged-text = You can still read what is left. To go on writing, meet again with a new invite.
contact-changed = The safety number has changed
contact-changed-text = It may be a new device, or somebody else. Nothing is sent until you have compared it again or decided to go on.
contact-repairing = The keys are being made anew
contact-repairing-text = What you write meanwhile goes out afterwards.
contact-missing = { $count ->
    [one] One of their messages is missing here
   *[other] { $count } of their messages are missing here
}
contact-missing-text = It was asked for and comes by itself.
go-on-without = Go on without comparing

## Contact
contact = Contact
name-chosen-by-them = They chose this name themselves
name-chosen-by-you = Your name for them. They call themselves:
rename = Rename
rename-title = What do you call them?
rename-label = Name, for you alone
rename-hint = They are not told. Leave it empty to go back to “{ $name }”, as they call themselves.
rename-hint-nameless = They are not told. They gave themselves no name.
more-actions = More actions
block = Block
block-title = Block this contact?
block-text = Nothing is fetched from them and nothing is sent to them from now on. They are not told. You can unblock them later; what they wrote meanwhile arrives then.
unblock = Unblock
repair = Repair this conversation
repair-text = New keys are made. Do this when messages can no longer be read on one side. Nothing is lost; it takes until both of you have been online.
repair-begun = New keys are being made.
safety-number = Safety number
safety-later = There is something to compare as soon as they have answered.
unverified-title = Not verified yet
unverified-text = Compare the safety number by phone or in person, and you know that nobody stands between you.
compare = Compare the safety number
by-emoji = Emoji
by-digits = Digits
by-code = QR code
compare-how = Open this page on both sides and read it out to each other. Use a call or meet; do not use this chat.
they-match = They are the same
if-they-differ = If they differ, somebody may be reading along. Do not write anything secret, and meet again with a new invite.
unverify = Remove the mark
verified-now = Verified. You will be told if the safety number ever changes.
verified-by-emoji = By emoji, { $date }
verified-by-digits = By digits, { $date }
verified-by-code = By QR code, { $date }
safety-code = Safety number as a QR code
safety-code-image = Read their QR code from an image

## Message details
message-details = Message details
copy-text = Copy the text
next-try = Next try: { $when }.
give-up = Do not send it
give-up-title = Do not send this message?
give-up-text = It has not left this computer yet, and then it never will.
given-up = It will not be sent.
ways = Ways it can go
way-relay = Relay
way-direct = Straight to their device
way-kept = It is kept there.
way-trying = It is on its way there now.
way-waiting = It is tried later.
way-unused = Not used.
history = What happened so far
step-written = Written and stored here
step-sealed = Encrypted for them
step-sealed-anew = Encrypted again with new keys
step-unread-there = Could not be read there; sent again
step-kept-by-relay = Kept by relay { $relay }
step-put-again = Handed to a relay again
step-delivered-direct = Taken by their device
step-delivered-receipt = Their device confirmed it
step-failed = It failed
step-given-up = You decided not to send it
step-read = They have read it
step-damaged = What happened before cannot be read any more
step-arrived = It arrived here

## Network
network = Network
network-off = The network is off
network-off-text = It is off while your account is locked.
network-starting = Connecting to Tor, { $percent } %
network-starting-text = Tor hides where you are. The first time this can take a minute. You can write meanwhile; messages go out by themselves.
network-ready = Connected through Tor
network-ready-text = Everything goes through Tor. Nobody sees where you are.
network-without-tor = Not through Tor
network-without-tor-text = This program was started without Tor, for trying things out on one computer. Whatever it reaches sees where you are. For real use, start it again without that option.
network-blocked = Tor cannot be reached
network-blocked-text = Nothing leaves this computer without Tor. What you write is kept and goes out by itself later.
network-takes-a-minute = It hides where you are; this can take a minute
network-safe = Messages wait safely here
network-progress = How far the connection is
retrying-now = Everything that waits is tried again.
relays = Relays
relays-text = A relay keeps messages for you while you are away. It can read none of them and does not know who you are.
relays-none = You have no relay of your own yet. Until you add one, people reach you by the relay of the invite that you used, or while both of you are online.
relays-none-short = No relay yet
relays-in-use = { $count ->
    [one] One relay
   *[other] { $count } relays
}
relays-silent = { $count ->
    [one] One relay does not answer
   *[other] { $count } relays do not answer
}
relays-show = { $count ->
    [0] Add a relay
    [one] Show the relay
   *[other] Show { $count } relays
}
relay-add = Add a relay
relay-added = The relay is in use from now on.
relay-what = Whoever runs a relay gives you its address: ask the person who told you of Hushwing, or run one on a computer that is always on. Two relays of different people are better than one.
relay-address = Address of the relay
relay-address-hint = It begins with “hushwing-relay:”.
relay-image = Read its QR code from an image
relay-is-invite = This is an invite, not a relay. Use it under “Use an invite”.
relay-missing = Type or paste the address of a relay.
relay-menu = What to do with relay { $address }
relay-test = Test it
relay-testing = The relay is being asked…
relay-answered = It answered in { $ms } ms and takes new messages.
relay-full = It answered in { $ms } ms, but takes no new messages at present.
relay-copy = Copy its address
relay-remove = Remove it
relay-remove-title = Remove this relay?
relay-remove-text = Your contacts are told where messages go from now on. What waits there is still fetched until they know.
relay-unknown = Not tried yet
relay-reachable = Answers
relay-unreachable = Does not answer
relay-role-told = · Contacts leave messages there
relay-role-spare = · Spare, takes the place of another one
relay-role-resting = · Resting until it answers steadily
stuck = What is stuck
finding-damaged = Something in your account is damaged
finding-no-relay = You have no relay
finding-own-relay = A relay of yours does not answer
finding-their-relay = A relay of a contact does not answer
finding-unreachable = A contact cannot be reached
finding-undelivered = Messages wait for a contact
finding-held = Messages are held back
finding-missing = Messages of a contact are missing here
finding-repairing = The keys of a chat are being made anew
finding-succeeding = A contact does not know your new identity yet
finding-invite = An invite cannot be used yet
finding-limit = A queue is full

## Invites and requests
invite-title = Invite somebody
invite-text = You get a link for one person. Hand it over where nobody else reads: whoever has it can use it, once.
invite-no-relay = You have no relay yet
invite-no-relay-text = Without one, an invite cannot be used while you are offline.
your-name = Your name, as they will see it
your-name-hint = Anything, or nothing. Only this person sees it.
invite-valid = The link works for
one-day = One day
one-week = One week
one-month = 30 days
invite-policy = When somebody uses it
invite-accept = They become a contact at once
invite-accept-text = For a link that only one person can see.
invite-ask = Ask me first
invite-ask-text = For a link that others might see, too.
invite-make = Make the link
invite-another = Make another one
invite-hand-over = Give this link to one person, where nobody else can see it.
invite-publishing = Not quite ready
invite-publishing-text = It can be used as soon as a relay has it. You can hand it over already.
invite-ready = Ready to be used
invite-asked = Answered: see who wants to talk to you
invite-used = Somebody has used this link
invite-over-text = Whoever it was is in your list now, or asks to be.
invite-expired = Expired
invite-damaged = Damaged: it can only be taken back
invite-ends = Ends { $date }
invite-code = Invite as a QR code
invite-used-twice = Somebody used one of your invites a second time and was refused. Ask the person you gave it to who else saw it.
invites-open = Your other invites
copy-link = Copy the link
show-code = Show as a QR code
hide-code = Hide the QR code
revoke = Cancel this link
redeem = Connect
redeem-title = Use an invite
redeem-link = The link that you were given
redeem-link-hint = It begins with “hushwing:”.
redeem-brought = This link was opened in another program or on a web page. Connect only if somebody you know gave it to you.
redeem-image = Read the QR code from an image
link-missing = Paste the link first.
requests = People who want to talk to you
requests-none = Nobody at present.
request-since = Since { $date }
request-blocked = Blocked
request-name-hint = They chose the name themselves; anybody who had your link can be this.
request-used-twice = Somebody else has answered the same link. One of the two is not the person you gave it to; compare before you accept.
accept = Accept
refuse = Refuse

## Settings
settings = Settings
appearance = Language and appearance
theme = Colours
theme-light = Light
theme-dark = Dark
as-system = As the system
contrast = Contrast
contrast-more = Higher
motion = Movement
motion-less = None
privacy = Privacy
delivery = How messages go
delivery-automatic = Automatic
delivery-automatic-text = Straight to their device when it is online, else by relays. Contacts can tell when you are online.
delivery-relay-only = Only by relays
delivery-relay-only-text = Slower, and contacts do not see when you are online.
delivery-direct-only = Only straight to their device
delivery-direct-only-text = No relay sees anything, but both of you must be online at once.
read-reports = Tell when I have read something
read-reports-text = It takes both sides: who does not tell is not told.
backup = Backup
backup-text = One sealed file with your whole account. Keep it somewhere else; it opens with your passphrase of today.
backup-passphrase = Your passphrase
backup-make = Make a backup
backup-making = Making the backup…
backup-not-kept = The backup was not saved anywhere. Make it again.
backup-made = The backup was made and checked: { $contacts ->
    [one] one contact
   *[other] { $contacts } contacts
}, { $messages ->
    [one] one message
   *[other] { $messages } messages
}. Look whether it was saved where you want it.
lock-title = Lock
lock-text = Forgets all keys and disconnects. You need your passphrase to come back.
about = Hushwing { $version }. Free software, not yet audited by others.
licences = Licences of others

## Keyboard
palette-title = What would you like to do?
palette-hint = Name of a chat or of an action
action-palette = Find anything
action-search = Search the chats
action-search-here = Search in this chat
action-next-chat = Next chat
action-previous-chat = Previous chat
action-write = Write a message
action-details = Contact details
action-invite = Invite somebody
action-redeem = Use an invite
action-requests = Who wants to talk to you
action-network = Network and relays
action-retry = Try everything again now
action-settings = Settings
action-shortcuts = Keyboard shortcuts
action-lock = Lock now
key-send = Send the message
key-line = Begin a new line
key-up = From an empty field: to the messages
key-open = On a message: its details
key-close = Close what is open
on-key-ctrl = Ctrl
on-key-alt = Alt
on-key-shift = Shift
on-key-enter = Enter
on-key-escape = Esc

## Failures, by their code
error-locked = Your account is locked. Unlock it first.
error-no-vault = There is no account here yet.
error-vault-exists = There is an account here already; nothing was changed.
error-wrong-passphrase = This passphrase is not the right one. Nothing was changed; try again.
error-vault-in-use = Another program has this account open. Close it there first.
error-vault-unusable = The account's files are damaged or from a newer version.
error-bad-input = This cannot be used.
error-not-found = There is no such thing any more.
error-refused = It was refused.
error-not-arrived = Something that you wrote has not arrived yet. Nothing was changed.
error-unreachable = It cannot be reached now. Try again later.
error-mismatch = They are not the same. Somebody may stand between you: do not write anything secret, and compare again.
error-limit = That is too much at once. Wait a little and try again.
error-too-soon = That was tried too often. Wait a little and try again.
error-too-soon-seconds = Too many wrong passphrases in a row. You can try again in { $count ->
    [one] one second
   *[other] { $count } seconds
}. Each further wrong one makes it longer.
pause-left = { $count ->
    [one] One second more
   *[other] { $count } seconds more
}
pause-over = You can try again now.
error-machine = Something failed on this computer. Nothing was lost; try again.
error-stranger = This page no longer belongs to a running Hushwing.
error-silent = Hushwing does not answer. It may have been stopped.

## Searching, deleting, locking
found-title = In messages
found-here = Only with { $name }
found-mine = To
found-count = { $count ->
    [one] One message found
   *[other] { $count } messages found
}
found-count-more = { $count ->
    [one] The newest message found; there are more
   *[other] The newest { $count } messages found; there are more
}
found-looking = Searching…
found-nothing = No message has all these words. Try fewer of them, or only how one begins.
found-widen = Search all chats and all times
found-begin = Type words that stand in the message.
found-incomplete = Older messages are still being made ready to be searched. Search again in a few minutes.
found-times = Only at a certain time
found-first-day = First day
found-last-day = Last day
found-backwards = The last day lies before the first one.
found-more = Show older ones
found-this = This is the message that you looked for.
passphrase-change = Change the passphrase
passphrase-changing = Changing it…
passphrase-changed = From now on the new passphrase opens your account. Backups that you made before still need the old one.
passphrase-present = Current passphrase
passphrase-new = The new one
passphrase-differs-here = This is not the same as the new one above.
passphrase-same = This is the current passphrase. Choose another one.
passphrase-change-warning = Nobody can recover a forgotten passphrase. Backups that you have made go on opening with the old one.
lock-after = Lock by itself when unused
lock-never = Never
lock-minutes = { $count ->
    [one] After one minute
   *[other] After { $count } minutes
}
lock-hours = { $count ->
    [one] After an hour
   *[other] After { $count } hours
}
lock-after-text = While it is locked, nothing is sent and nothing is fetched.
wipe-title = Delete this account
wipe-short = Destroys everything of this account on this computer, for good.
wipe-begin = Delete the account…
wipe-text = Your messages, contacts and keys are destroyed on this computer. What you wrote and has not arrived yet is lost. Your contacts are not told, and they keep what has arrived.
wipe-warning = This cannot be taken back. Only a backup that lies somewhere else can bring the account back.
wipe-type = Type “{ $word }” to go on
wipe-word = delete
wipe-word-differs = Type “{ $word }”, so that nothing is deleted by mistake.
wipe-action = Delete for good
wiping = Deleting…
wiped = The account is deleted
wiped-text = Its keys and files are removed from this computer. A backup that lies somewhere else can bring it back; destroy that too if it must not.
delete = Delete
delete-history = Delete all messages
delete-contact = Delete the contact
delete-message-title = Delete this message?
delete-message-text = It is deleted on this computer for good. The other side keeps its own.
delete-history-title = Delete all messages with this contact?
delete-history-text = They are deleted on this computer for good. The contact stays, and the other side keeps its own.
delete-contact-title = Delete this contact?
delete-contact-text = All messages and keys go with it, on this computer for good. They are not told; what they still send is never fetched. To write again you need a new invite.
delete-unsent-text = Something of it has not reached their device yet. What has not left this computer never will; the rest still arrives there.
delete-all-the-same = Delete all the same
deleted-message = The message is deleted on this computer.
deleted-history = All messages are deleted on this computer.
deleted-contact = The contact is deleted on this computer.

## The desktop window
window-open = Open Hushwing
window-lock = Lock
window-quit = Quit
window-save = Save the file
window-save-accept = Save
window-no-program = The program “hushwing” is not there. Put it beside this window’s program, or into your path, and try again.
window-not-started = Hushwing could not be started.
window-refused = Hushwing runs but could not be opened.
window-stopped = Hushwing has stopped. Until it runs again, nothing is sent or received; nothing is lost.
window-no-invite = What was opened is no invite link, so nothing was done. Copy the link again, or paste it into the dialog that takes invites.
window-lock-failed = The account could not be locked.
