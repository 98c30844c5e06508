//! Bounds of the engine, each with its reason.

/// Relays that one person uses; the same bound as on the wire.
pub const MAX_OWN_RELAYS: usize = hushwing_wire::limits::MAX_RELAYS;

/// Own relays that contacts are told at once, unless the user wants another
/// number: a second one survives the loss of the first; a third one is better kept
/// to take the place of a dead one than shown to everybody.
pub const RELAYS_TOLD: usize = 2;

/// How long an own relay may be silent, while another one answers, before contacts
/// are told to leave mail elsewhere, in milliseconds: longer than a restart, an
/// update, or a relay's move to other guards takes.
pub const REST_AFTER_MS: u64 = 1_800_000;

/// How long a relay that rests must answer without a break before contacts are
/// told of it again, in milliseconds; doubles with each rest up to [`DAY_MS`].
pub const RETURN_AFTER_MS: u64 = 3_600_000;

/// Time without a rest after which the earlier ones no longer count, in
/// milliseconds.
pub const RESTS_FORGOTTEN_MS: u64 = 7 * DAY_MS;

/// Changes of relays that contacts are told in a day without the user's asking:
/// each is a box to every contact, and shows a watching relay that they belong
/// together.
pub const MAX_RELAY_CHANGES_A_DAY: usize = 4;

/// How often time is counted for and against own relays, in milliseconds. Of what
/// passes in between, at most twice this counts: a sleeping machine learns nothing.
pub const OBSERVE_MS: u64 = 60_000;

/// A day in milliseconds.
pub const DAY_MS: u64 = 24 * 3_600_000;

/// Relays whose state is kept in mind: ours, and three of each contact.
pub const MAX_KNOWN_RELAYS: usize = 3 * (MAX_CONTACTS + 1);

/// Invites that may be open at once: each costs a wait at a relay.
pub const MAX_OPEN_INVITES: usize = 32;

/// Requests that may wait for the user's decision at once. More are left at their
/// relays unread, and `doctor` says so: nobody can decide about so many at a glance,
/// and each costs a box in the vault.
pub const MAX_OPEN_REQUESTS: usize = 16;

/// How long a request waits for the user's decision, in milliseconds: as long as a
/// box lives at a relay. Never beyond the time after which whoever sent it gives up.
pub const REQUEST_LIFE_MS: u64 = 21 * DAY_MS;

/// Invites that nobody used and whose time is over: the newest stay in the list.
pub const MAX_EXPIRED_INVITES: usize = 32;

/// Events of one step; beyond, listeners are told that they missed some. The
/// longest step tells of each message of a conversation that is sealed again.
pub const MAX_EVENTS: usize = 20_000;

/// Contacts of one vault: each costs circuits, a wait and an onion service.
pub const MAX_CONTACTS: usize = 500;

/// Texts to one contact that may wait unsealed (before the contact accepted,
/// or while a limit holds them back). Reaching it refuses the next with a
/// plain sentence; nothing is dropped.
pub const MAX_UNSEALED: usize = 1_000;

/// Longest life of an invite in hours: one year.
pub const MAX_INVITE_HOURS: u32 = 24 * 365;

/// Rows that one `read` returns.
pub const MAX_READ: u32 = 1_000;

/// Unread messages of a contact that are counted: more than anybody reads one by one, and
/// few enough to be counted anew each time.
pub const MAX_UNREAD_COUNTED: usize = 1_000;

/// Messages that one search returns.
pub const MAX_FOUND: u32 = 100;

/// Bytes of what is searched for: some words.
pub const MAX_SEARCH_LEN: usize = 256;

/// Messages of before that are taken into the index in one step: some milliseconds.
pub const INDEXED_AT_A_TIME: usize = 200;

/// Transmissions of one owner (contact or invite) on their way at once: below
/// the receiver's look-ahead of 32 slots, so the direct path never refuses a
/// box for being too far ahead.
pub const MAX_IN_FLIGHT_PER_OWNER: usize = 16;

/// How long a box waits alone for the direct path before the relays are used
/// too, in milliseconds. A warm onion circuit answers in well under a second;
/// a dead one may take half a minute to fail.
pub const DIRECT_HEAD_START_MS: u64 = 3_000;

/// First pause after a failed try, in milliseconds; it doubles with each
/// failure up to [`RETRY_MAX_MS`].
pub const RETRY_FIRST_MS: u64 = 1_000;

/// Longest pause between two tries, in milliseconds.
pub const RETRY_MAX_MS: u64 = 60_000;

/// Failures in a row after which pauses grow up to [`RETRY_PATIENT_MS`]: some 25
/// minutes. What is away for so long is seldom back within the minute, and a wait
/// that is answered there ends the pause at once.
pub const RETRY_PATIENT_AFTER: u32 = 30;

/// Longest pause of a patient writer, in milliseconds.
pub const RETRY_PATIENT_MS: u64 = 600_000;

/// Failures at relays after which a contact's node that refused a box is asked once
/// more: its window may have moved.
pub const TRIES_PER_REFUSAL: u32 = 8;

/// How long the direct path of a contact is left alone after it failed, in
/// milliseconds; doubles up to [`DIRECT_REST_MAX_MS`]. A box that arrives from
/// the contact ends the rest at once.
pub const DIRECT_REST_FIRST_MS: u64 = 15_000;

/// Longest rest of a direct path, in milliseconds.
pub const DIRECT_REST_MAX_MS: u64 = 300_000;

/// How long a receipt waits for company before it travels in a box of its
/// own, in milliseconds. Long enough to cover a burst, short enough to answer
/// "is it on their device?".
pub const RECEIPT_DELAY_MS: u64 = 700;

/// How long a read report waits for more that is read, in milliseconds: somebody
/// who scrolls through a conversation causes one box, not one a message.
pub const READ_DELAY_MS: u64 = 3_000;

/// How often a text is sealed in another box because the one before came and could
/// not be read; then it has failed.
pub const MAX_SEALED_FOR_UNREAD: u8 = 3;

/// Newest messages among which those are looked for whose boxes a contact could not
/// read: as many as may be on their way.
pub const MAX_UNREAD_LOOKED_AT: usize = 1_000;

/// Unreadable boxes of one contact that it must still be told of; beyond, the
/// oldest are left untold, and their writer goes on seeing them at the relay.
pub const MAX_UNREAD_OWED: usize = 64;

/// How long a slot at which a relay showed a forged box is left alone there,
/// in milliseconds; a relay that lies must not make us spin.
pub const FORGERY_REST_MS: u64 = 300_000;

/// How long a box may lie at a relay, uncovered by receipts that arrive
/// meanwhile, before it is put again, in milliseconds: its reader is online
/// and did not get it, so the relay may have lost it. Putting it again changes
/// nothing where it still lies.
pub const REPUT_UNCOVERED_MS: u64 = 120_000;

/// How long a box may lie at a relay without any sign of its reader before it
/// is put again, in milliseconds; doubles up to [`REPUT_MAX_MS`]. A relay may
/// have lost it, and 21 days after each time it would expire.
pub const REPUT_FIRST_MS: u64 = 3_600_000;

/// Longest pause between two repetitions, in milliseconds.
pub const REPUT_MAX_MS: u64 = 24 * 3_600_000;

/// Repetitions of a box without a message (receipts, keys): its reader may have
/// no reason to acknowledge it.
pub const MAX_REPUTS_OF_NOTHING: u32 = 6;

/// How long boxes may be missing before they are asked for, in milliseconds:
/// longer than boxes that left together take to arrive by different ways.
pub const GAP_PATIENCE_MS: u64 = 30_000;

/// Least pause between two such questions, in milliseconds. It grows with the time
/// for which something is missing, up to [`GAP_REPEAT_MAX_MS`], and is this short
/// again when the contact is heard from.
pub const GAP_REPEAT_MS: u64 = 300_000;

/// Longest pause between two such questions, in milliseconds.
pub const GAP_REPEAT_MAX_MS: u64 = 4 * 3_600_000;

/// How long boxes may be missing, though they are asked for, before new keys are
/// made, which bring what they held again, in milliseconds: longer than a contact
/// that is online now and then needs to answer.
pub const GAP_REPAIR_MS: u64 = 24 * 3_600_000;

/// Boxes that one question makes us put again: the oldest ones, since the lanes
/// are read in order and the first hole holds up the rest.
pub const ASKED_BOXES: usize = 8;

/// Pause before a request for new keys is put at the next place as well, in
/// milliseconds; doubles up to [`REPAIR_WALK_MAX_MS`].
pub const REPAIR_WALK_MS: u64 = 600_000;

/// Longest such pause, in milliseconds.
pub const REPAIR_WALK_MAX_MS: u64 = 6 * 3_600_000;

/// Pauses of one walk over places; the next one begins at the first place again, or goes
/// on after the last, in turns: a relay may have lied about places.
pub const PAUSES_PER_WALK: u32 = 3;

/// Pauses of one request for new keys; then a fresh one is made: the answer to this one
/// may have been read in a life of the vault that is lost.
pub const PAUSES_PER_REQUEST: u32 = 6;

/// Pause before a request goes to the next place when a relay says that something
/// else lies at its last one, in milliseconds.
pub const REPAIR_HURRY_MS: u64 = 15_000;

/// Places over which a request hurries between two pauses: a relay that says so of each one must not
/// drive us on for ever.
pub const REPAIR_HURRIED_PLACES: u32 = 24;

/// Least time between two repairs that start by themselves, in milliseconds: a
/// contact that sends what cannot be read must not keep us busy.
pub const REPAIR_PAUSE_MS: u64 = 3_600_000;

/// How long a message may lie at relays without a receipt before the contact is
/// asked whether the keys fit, in milliseconds: longer than a night.
pub const QUESTION_AFTER_MS: u64 = 12 * 3_600_000;

/// Least time between two such questions, in milliseconds.
pub const QUESTION_PAUSE_MS: u64 = 24 * 3_600_000;

/// Boxes outside of the lanes that wait for one contact; beyond, the oldest go.
pub const MAX_RECOVERIES: usize = 16;

/// Own messages that are looked at when a contact came back from a backup:
/// what it lost of these is sent again.
pub const MAX_SAID_AGAIN: usize = 10_000;

/// How long a change of routes may stay unacknowledged before it is offered
/// outside of the lanes too, in milliseconds.
pub const OFFER_AFTER_MS: u64 = 1_800_000;

/// Pause between two such offers, in milliseconds.
pub const OFFER_PAUSE_MS: u64 = 24 * 3_600_000;

/// Entries of one message's history.
pub const MAX_LEDGER: usize = 64;

/// How long new keys are awaited before a user is told what may be the matter, in
/// milliseconds. `[HW-ROT-3]`
pub const REPAIR_LONG_MS: u64 = 2 * 24 * 3_600_000;

/// How long after its expiry an invite still takes a request that was put in
/// time, in milliseconds: as long as a box lives at a relay.
pub const INVITE_GRACE_MS: u64 = 21 * 24 * 3_600_000;

/// Pushes to a contact's node at once while it is not known to answer: one
/// finds out for all.
pub const DIRECT_PROBES: usize = 1;

/// Digests of consumed slots that are remembered (in memory, keyed) to answer
/// "same" to a box that is pushed again.
pub const MAX_REMEMBERED_SLOTS: usize = 4_096;

/// Attempts to drop one read box at a relay; after these it is left to expire.
pub const MAX_DROP_ATTEMPTS: u32 = 12;

/// Drop requests that may wait for a relay; beyond, the oldest are left to expire.
pub const MAX_DROPS: usize = 2_000;

/// Most minutes without a command after which a vault locks itself: a week. Who wants it
/// later than that wants it never.
pub(crate) const LOCK_AFTER_MINUTES: u32 = 7 * 24 * 60;

/// The same where the setting is damaged.
pub(crate) const LOCK_AFTER_DAMAGED_MINUTES: u32 = 10;
