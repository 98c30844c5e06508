// Made of the Rust types of the local API by crates/api/src/described.rs; do not edit.

/** What opens a backup that is to be made. */
export type BackupKey =
  /** The passphrase of the account as it is now; another one is refused. */
  | "account"
  /** A passphrase of its own. */
  | "own";

/** A backup that was opened and found whole. */
export type BackupView = {
  /** How many contacts are in it. */
  contacts: number;
  /** Length of the file in bytes. */
  len: number;
  /** When it was made, milliseconds since 1970. */
  made_at_ms: number;
  /** How many messages are in it. */
  messages: number;
};

/** What a listener is told before anything else. */
export type Beginning =
  /** From here on it is told everything. */
  | {
    event: "listening";
    /**
     * Whether it goes on where it said that it stopped. If not, it may have missed
     * anything, and reads anew what it shows.
     */
    resumed: boolean;
    /** Which run of the daemon this is; serials of another one mean nothing here. */
    run: string;
    /** The serial of the last event that it is taken to know. */
    serial: number;
  };

/** A contact with what a list of chats shows of it. */
export type ChatView = {
  /** The contact. */
  contact: ContactView;
  /** What was said last, if anything was. */
  last: MessageView | null;
  /** Messages of theirs that were not marked as read; 1,000 stands for more, too. */
  unread: number;
  /** The `position` of the first one. */
  unread_from: number | null;
};

/** A code that opens the app once. */
export type Code = {
  /** Base64url of 32 random bytes. */
  code: SessionSecret;
};

/**
 * What a front end can ask. `contact` is a contact's id, the beginning of one
 * (4 characters or more), or a name that only one contact has.
 *
 * Its debug form is its name alone: what people write must not get into a log.
 */
export type Command =
  /** Where things stand; works while locked. Answer: [`Reply::Status`]. */
  | {
    command: "status";
  }
  /** Make a vault. Answer: [`Reply::Done`]. */
  | {
    command: "create";
    /** Opens it from now on. */
    passphrase: SecretText;
  }
  /** Open the vault. Answer: [`Reply::Done`]. */
  | {
    command: "unlock";
    /** The passphrase. */
    passphrase: SecretText;
  }
  /** Close the vault, forget all keys, stop the network. Answer: [`Reply::Done`]. */
  | {
    command: "lock";
  }
  /**
   * Open the vault with another passphrase from now on. Backups go on to open with the
   * one that they were made with. Answer: [`Reply::Done`].
   */
  | {
    command: "passphrase_change";
    /** The one that opens it from now on. */
    new: SecretText;
    /** The one that opens it now. */
    present: SecretText;
  }
  /**
   * Destroy the account on this machine, open or locked, for ever: its keys first, then
   * all its files. No passphrase is asked for. Answer: [`Reply::Done`].
   */
  | {
    command: "wipe";
    /** [`WIPE_PHRASE`], so that nothing wipes by mistake. */
    confirm: string;
  }
  /**
   * Write a backup of the account to a new file and read it again. The account can be
   * used meanwhile. Answer: [`Reply::Backup`].
   */
  | {
    command: "backup_create";
    /** The absolute path of the file, which must not be there. */
    file: string;
    /** Whose passphrase that is. */
    key?: BackupKey;
    /** Opens the backup. */
    passphrase: SecretText;
  }
  /**
   * Prove that a backup opens and is whole; works while locked and without an account.
   * Answer: [`Reply::Backup`].
   */
  | {
    command: "backup_check";
    /** The absolute path of the file. */
    file: string;
    /** Opens the backup. */
    passphrase: SecretText;
  }
  /**
   * Make the account anew from a backup, where there is none, and open it. Its
   * passphrase is that of the backup. Answer: [`Reply::Backup`].
   */
  | {
    command: "restore";
    /** The absolute path of the file. */
    file: string;
    /** Opens the backup. */
    passphrase: SecretText;
  }
  /**
   * Read all of the vault's files: whether each page authenticates and each row can be
   * read. Answer: [`Reply::VaultReport`].
   */
  | {
    command: "vault_check";
  }
  /**
   * Open a locked vault of which a part is damaged: what can be read is kept, the rest
   * comes from a snapshot where it can. Answer: [`Reply::VaultReport`].
   */
  | {
    command: "vault_salvage";
    /** The passphrase. */
    passphrase: SecretText;
  }
  /** Delete the damaged files that were kept aside. Answer: [`Reply::Done`]. */
  | {
    command: "vault_forget_damaged";
  }
  /** Use a relay for mail to this person from now on. Answer: [`Reply::Relay`]. */
  | {
    /** `hushwing-relay:...` */
    address: string;
    command: "relay_add";
  }
  /**
   * Stop using a relay: every contact is told where mail goes from now on,
   * and what waits there is still fetched until they know. Answer: [`Reply::Done`].
   */
  | {
    /** `hushwing-relay:...` */
    address: string;
    command: "relay_remove";
  }
  /** The relays in use. Answer: [`Reply::Relays`]. */
  | {
    command: "relay_list";
  }
  /** Connect to a relay and ask what it is. Answer: [`Reply::RelayTest`]. */
  | {
    /** `hushwing-relay:...` */
    address: string;
    command: "relay_test";
  }
  /** Make an invite for one person. Answer: [`Reply::InviteCreated`]. */
  | {
    command: "invite_create";
    /** Hours until it can no longer be redeemed; 1 to 8760. */
    expires_hours: number;
    /** The name by which the other person will see this user; may be empty. */
    name: string;
    /** What happens when somebody answers it; without it, they are accepted. */
    policy?: InvitePolicy;
  }
  /** All open invites. Answer: [`Reply::Invites`]. */
  | {
    command: "invite_list";
  }
  /**
   * Take an open invite back; a request that answers it is refused. Answer:
   * [`Reply::Done`].
   */
  | {
    command: "invite_revoke";
    /** Its id. */
    id: string;
  }
  /** Answer somebody's invite. Answer: [`Reply::Contact`]. */
  | {
    command: "invite_redeem";
    /** `hushwing:...` */
    link: SecretText;
    /** The name by which the inviter will see this user; may be empty. */
    name: string;
  }
  /** The requests to become a contact, open ones first. Answer: [`Reply::Requests`]. */
  | {
    command: "requests";
  }
  /** Make whoever sent a request a contact. Answer: [`Reply::Contact`]. */
  | {
    command: "request_accept";
    /** Its id, or the beginning of one (4 characters or more). */
    id: string;
  }
  /**
   * Delete a request and spend its invite; whoever sent it learns nothing. Answer:
   * [`Reply::Done`].
   */
  | {
    command: "request_refuse";
    /** Its id, or the beginning of one. */
    id: string;
  }
  /** Keep a request apart; whoever sent it learns nothing. Answer: [`Reply::Done`]. */
  | {
    command: "request_block";
    /** Its id, or the beginning of one. */
    id: string;
  }
  /** All contacts, those that are blocked last. Answer: [`Reply::Contacts`]. */
  | {
    command: "contacts";
  }
  /**
   * All contacts as chats, with what was said last and what is unread; those in which
   * something happened last come first, blocked ones last. Answer: [`Reply::Chats`].
   */
  | {
    command: "chats";
  }
  /**
   * Fetch nothing from a contact and send nothing to it from now on; it learns
   * nothing but that nothing is delivered. Answer: [`Reply::Contact`].
   */
  | {
    command: "contact_block";
    /** Whom. */
    contact: string;
  }
  /** Go on with a contact that was blocked. Answer: [`Reply::Contact`]. */
  | {
    command: "contact_unblock";
    /** Whom. */
    contact: string;
  }
  /** Call a contact by another name here; it is told nothing. Answer: [`Reply::Contact`]. */
  | {
    command: "contact_rename";
    /** Whom. */
    contact: string;
    /** The name, 64 bytes at most; empty: the one that the contact gave itself. */
    name: string;
  }
  /**
   * Send a text. Answer: [`Reply::Sent`]: it is in the vault and will be
   * delivered or visibly fail.
   */
  | {
    command: "send";
    /** To whom. */
    contact: string;
    /** What. */
    text: string;
  }
  /** The newest messages with a contact, oldest first. Answer: [`Reply::Messages`]. */
  | {
    /** Only messages above this `position`, for paging on. */
    after?: number | null;
    /**
     * Only messages below this `position`, the newest of them, for paging back. Not
     * together with `after`.
     */
    before?: number | null;
    command: "read";
    /** With whom. */
    contact: string;
    /** At most this many; at most 1,000. */
    limit: number;
  }
  /**
   * The messages in which all these words stand, the newest first. Answer:
   * [`Reply::Found`].
   */
  | {
    /** `next` of an earlier answer, to go on from there. */
    after?: string | null;
    /** Only messages of before this time, to the second. */
    before_ms?: number | null;
    command: "search";
    /** Only messages with this contact. */
    contact?: string | null;
    /** At most this many; at most 100. */
    limit: number;
    /** Only messages of this time or later, to the second, milliseconds since 1970. */
    since_ms?: number | null;
    /**
     * Words with spaces between; a word of three letters or more also finds longer ones
     * that begin with it. At most 256 bytes.
     */
    text: string;
  }
  /**
   * The user has seen these messages with a contact: with read reports on, the
   * contact is told. Answer: [`Reply::Done`].
   */
  | {
    command: "mark_read";
    /** With whom. */
    contact: string;
    /** The `position` of the first message that was seen. */
    from: number;
    /** The `position` of the last one. */
    up_to: number;
  }
  /**
   * What the account tells of itself, and when it locks by itself; without a value it only asks. Answer:
   * [`Reply::Settings`].
   */
  | {
    command: "settings";
    /**
     * After how many minutes without a command the vault is locked; 0 is never, and a
     * week (10,080) the most. A `status` is no such command, and listening none either.
     */
    lock_after_minutes?: number | null;
    /** Whether to report what was read, from now on. */
    read_reports?: ReadReports | null;
    /** How many of the own relays contacts are told at once, 1 to 3. */
    relays_told?: number | null;
  }
  /** Where one message is and what happened to it so far. Answer: [`Reply::Ledger`]. */
  | {
    command: "message";
    /** The message's id, or the beginning of one (4 characters or more). */
    id: string;
  }
  /** Give a message up that has not left this machine yet. Answer: [`Reply::Done`]. */
  | {
    command: "give_up";
    /** The message's id, or the beginning of one (4 characters or more). */
    id: string;
  }
  /**
   * Delete a message in this account alone. Answer: [`Reply::Done`]: it is in no file of
   * the account any more.
   */
  | {
    command: "message_delete";
    /** The message's id, or the beginning of one (4 characters or more). */
    id: string;
    /** What happens when it is not on the contact's device yet. */
    unsent?: Unsent;
  }
  /**
   * Delete all messages with a contact in this account alone. Answer: [`Reply::Done`], as
   * with one message.
   */
  | {
    command: "history_delete";
    /** With whom. */
    contact: string;
    /** What happens when one is not on the contact's device yet. */
    unsent?: Unsent;
  }
  /**
   * Delete a contact with all messages and keys; it is told nothing, and what it still
   * sends is never fetched. Answer: [`Reply::Done`], as with one message.
   */
  | {
    command: "contact_delete";
    /** Whom. */
    contact: string;
    /** What happens when a message is not on the contact's device yet. */
    unsent?: Unsent;
  }
  /** Everything that is stuck, and why. Answer: [`Reply::Doctor`]. */
  | {
    command: "doctor";
  }
  /** By which ways messages leave; `None` only asks. Answer: [`Reply::Delivery`]. */
  | {
    command: "delivery";
    /** The policy from now on. */
    policy?: DeliveryPolicy | null;
  }
  /**
   * This user's routes for one contact as a text that only this contact can
   * use, for when no relay that both know works any more. Answer:
   * [`Reply::RouteRecord`].
   */
  | {
    command: "route_record";
    /** For whom. */
    contact: string;
  }
  /**
   * Take in the routes that a contact handed over as a text. Answer:
   * [`Reply::Contact`]: whose they are.
   */
  | {
    command: "route_apply";
    /** `hushwing-routes:...` */
    record: string;
  }
  /**
   * Make the keys of a conversation anew, because messages can no longer be
   * read on one side. Answer: [`Reply::Done`].
   */
  | {
    command: "repair";
    /** With whom. */
    contact: string;
  }
  /**
   * Take another identity, with new keys and new places, because the present one may
   * be in other hands. The contact learns of it when it comes online, and the safety
   * number changes. Answer: [`Reply::Contacts`]: whom it is for.
   */
  | {
    command: "change_identity";
    /** For whom. */
    contact: string;
  }
  /** Take another identity for each contact that there is. Answer: [`Reply::Contacts`]. */
  | {
    command: "change_every_identity";
  }
  /**
   * What the user and a contact compare to make sure that nobody stands between
   * them. Answer: [`Reply::Safety`].
   */
  | {
    command: "safety_number";
    /** With whom. */
    contact: string;
  }
  /**
   * The user has compared the safety number: mark the contact as verified if it is
   * the same on both sides. Answer: [`Reply::Contact`].
   */
  | {
    /** What was compared. */
    by: Comparison;
    command: "verify";
    /** Whom. */
    contact: string;
  }
  /** Take the mark away. Answer: [`Reply::Contact`]. */
  | {
    command: "unverify";
    /** Whose. */
    contact: string;
  }
  /** Try everything that waits again, now. Answer: [`Reply::Done`]. */
  | {
    command: "retry_now";
  };

/** Why a command was not carried out. */
export type CommandError = {
  /** For programs. */
  code: ErrorCode;
  /** For people: what went wrong and what to do next. */
  message: string;
  /** With [`ErrorCode::TooSoon`]: in how many seconds it may be tried again. */
  retry_after_s?: number | null;
};

/** What the user has of the other side, to be compared with what is shown here. */
export type Comparison =
  /** The user has seen or heard that the 16 emoji are the same. */
  | {
    by: "emoji";
  }
  /** The digits. */
  | {
    by: "digits";
    /** Those that the other side reads out; `None`: the user compared them. */
    theirs?: string | null;
  }
  /** The code. */
  | {
    by: "code";
    /** The text of the code that the other side shows. */
    theirs: string;
  };

/** Where a meeting stands. */
export type ContactPhase =
  /** The invite's bundle is being fetched. */
  | {
    phase: "fetching";
  }
  /** The request is sent or on its way; they have not answered yet. */
  | {
    phase: "requested";
  }
  /** Both can write. */
  | {
    phase: "established";
  }
  /** It came to nothing. */
  | {
    phase: "failed";
    /** Why, and what to do. */
    reason: string;
  }
  /** What the vault holds of this contact is damaged beyond mending. */
  | {
    phase: "damaged";
    /** What, and what to do. */
    reason: string;
  };

/** A contact. */
export type ContactView = {
  /**
   * Since when the user blocks them, milliseconds since 1970, if so: nothing is
   * fetched from them and nothing is sent to them.
   */
  blocked_since_ms: number | null;
  /** Its id: 32 hexadecimal digits, made here, told to nobody. */
  id: string;
  /** Messages of theirs that are known to be missing here and were asked for. */
  missing: number;
  /**
   * What the user calls them: the name that they gave themselves, unless the user chose
   * another; may be empty.
   */
  name: string;
  /** The name that they gave themselves, where the user chose another; may be empty. */
  own_name?: string | null;
  /** Where the meeting stands. */
  phase: ContactPhase;
  /**
   * The keys of this conversation are being made anew; what is written
   * meanwhile goes out afterwards.
   */
  repairing: boolean;
  /** 40 digits to compare with theirs, once both sides are bound. */
  safety_number: string | null;
  /** The user has taken another identity for this contact, which does not know it yet. */
  succeeding: boolean;
  /** Whether the user has made sure of who it is. */
  verification: Verification;
};

/** How it is known that a message is on their device. */
export type DeliveredBy =
  /** Their device took it from ours. */
  | "direct"
  /** Their receipt says so. */
  | "receipt";

/** By which ways messages leave, for the whole account. */
export type DeliveryPolicy =
  /** To the contact's device first, and to relays when it does not answer at once. */
  | "automatic"
  /** Only to relays: contacts do not see when this user is online. */
  | "relay_only"
  /**
   * Only to the contact's device: no relay sees anything, and nothing
   * arrives unless both are online together.
   */
  | "direct_only";

/** An emoji of a safety number, and what to say for it. */
export type EmojiView = {
  /** In Arabic. */
  arabic: string;
  /** In English. */
  english: string;
  /** In Spanish. */
  spanish: string;
  /** The character. */
  symbol: string;
};

/** Kinds of [`CommandError`]. */
export type ErrorCode =
  /** The vault is closed. */
  | "locked"
  /** There is no vault yet. */
  | "no_vault"
  /** There is one already. */
  | "vault_exists"
  /** The passphrase does not open it. */
  | "wrong_passphrase"
  /** Too many wrong passphrases came in a row; this one was not tried. */
  | "too_soon"
  /** Another program has it open. */
  | "vault_in_use"
  /** The vault is damaged, or from a newer version. */
  | "vault_unusable"
  /** What was given cannot be used (malformed, too long, expired). */
  | "bad_input"
  /** No such contact, invite or relay, or more than one fits. */
  | "not_found"
  /** The other side or a relay refused or answered nonsense. */
  | "refused"
  /**
   * Something of the user's has not arrived yet, and would not if this were done; it is
   * done when the command says so (`unsent`).
   */
  | "not_arrived"
  /** The network or a relay cannot be reached now. */
  | "unreachable"
  /** What was compared differs. */
  | "mismatch"
  /** A stated limit is reached. */
  | "limit"
  /** This machine failed (disk full, input/output). */
  | "machine";

/** Something that is stuck or wrong. */
export type Finding = {
  /**
   * The contact's id, the relay's address or the invite's id that it is
   * about, if it is about one.
   */
  about: string | null;
  /** What to do. */
  advice: string;
  /** For programs. */
  kind: FindingKind;
  /** Since when, milliseconds since 1970, where that is known. */
  since_ms: number | null;
  /** What is wrong. */
  what: string;
};

/** Kinds of [`Finding`]. */
export type FindingKind =
  /** The way out does not work. */
  | "network"
  /** Something in the vault is damaged. */
  | "damaged"
  /** There is no relay: nobody can leave mail. */
  | "no_relay"
  /** A relay of this user does not answer. */
  | "own_relay"
  /** A relay of a contact does not answer. */
  | "their_relay"
  /** None of the ways to a contact works. */
  | "unreachable"
  /** Messages wait for a contact. */
  | "undelivered"
  /** A limit holds messages back. */
  | "held"
  /** Messages of a contact are missing here. */
  | "missing"
  /** The keys of a conversation are being made anew. */
  | "repairing"
  /** The user has taken another identity for a contact, which does not know it yet. */
  | "succeeding"
  /** An invite cannot be redeemed yet. */
  | "invite"
  /** A queue is full. */
  | "limit";

/** A message that was found. */
export type FoundView = {
  /**
   * Where in its text the words stand: from and to, in characters (Unicode scalar
   * values), in their order.
   */
  matches: [number, number][];
  /** The message. */
  message: MessageView;
};

/** One text frame of the event stream. */
export type Frame =
  /** The first one. */
  | Beginning
  /** All others. */
  | Told;

/** A fresh invite. */
export type InviteCreatedView = {
  /** Milliseconds since 1970 after which it is dead. */
  expires_at_ms: number;
  /** Its id, for revoking. */
  id: string;
  /** The link to hand over. Whoever has it can use it, once. */
  link: string;
  /** What happens when somebody answers it. */
  policy: InvitePolicy;
  /** Where it stands. */
  state: InviteState;
};

/** What happens when somebody answers an invite. */
export type InvitePolicy =
  /** Whoever comes first becomes a contact at once: the link went to one person. */
  | "accept"
  /** Whoever comes first becomes a request, about which the user decides. */
  | "ask";

/** Where an invite stands. */
export type InviteState =
  /** Its bundle is not at any relay yet; it cannot be redeemed before. */
  | "publishing"
  /** Its bundle waits at a relay; it can be redeemed. */
  | "ready"
  /** Somebody answered it, and their request waits for the user's decision. */
  | "asked"
  /** Somebody used it. */
  | "used"
  /** Its time is over. */
  | "expired"
  /** Its rows are damaged; it can only be revoked. */
  | "damaged";

/** An invite. */
export type InviteView = {
  /** Milliseconds since 1970 after which it is dead. */
  expires_at_ms: number;
  /** Its id, for revoking. */
  id: string;
  /** What happens when somebody answers it. */
  policy: InvitePolicy;
  /** Where it stands. */
  state: InviteState;
};

/** A passphrase to be judged. */
export type Judged = {
  passphrase: SecretText;
};

/** One thing that happened to a message. */
export type LedgerEntry = (
  /** It was taken from the user into the vault. */
  | {
    step: "written";
  }
  /** It was encrypted; from here on the same bytes go by every way. */
  | {
    step: "sealed";
  }
  /** The conversation was made anew; it was encrypted again for it. */
  | {
    step: "sealed_anew";
  }
  /** It came to their device and could not be read there; it goes again in another box. */
  | {
    step: "unread_there";
  }
  /** A relay keeps it. */
  | {
    /** `hushwing-relay:...` */
    relay: string;
    step: "kept_by_relay";
  }
  /** It was put again although a relay had taken it. */
  | {
    /** Why. */
    reason: string;
    step: "put_again";
  }
  /** It is on their device. */
  | {
    /** How this is known. */
    by: DeliveredBy;
    step: "delivered";
  }
  /** It will not arrive. */
  | {
    /** Why. */
    reason: string;
    step: "failed";
  }
  /** The user gave it up before it left. */
  | {
    step: "given_up";
  }
  /** Their report says that it was read. */
  | {
    step: "read";
  }
  /** What happened before cannot be read any more: the history is damaged. */
  | {
    step: "damaged";
  }
  /** Theirs: it came in. */
  | {
    step: "arrived";
  }) & {
  /** When, milliseconds since 1970. */
  at_ms: number;
};

/** A message with all that is known of its way. */
export type LedgerView = {
  /**
   * What happened to it, oldest first. Only what lasts: tries that failed
   * show in `ways`.
   */
  history: LedgerEntry[];
  /** The message and where it is now. */
  message: MessageView;
  /** Each way that it can go, while it is not on their device. */
  ways: WayView[];
};

/** What rows of a vault are about. */
export type LossKind =
  /** Contacts. */
  | "contacts"
  /** Messages. */
  | "messages"
  /** Keys of conversations, which are made anew. */
  | "keys"
  /** Invites and requests. */
  | "invites"
  /** What else there is: what waits, settings, histories. */
  | "other";

/** What is missing of one kind. */
export type LossView = {
  /** Rows that came from a snapshot instead. */
  from_snapshot: number;
  /** Rows that can be read. */
  kept: number;
  /** Rows that are known to be lost. */
  lost: number;
  /** More may be lost, and what was deleted after the snapshot may be back. */
  uncertain: boolean;
  /** Of which kind. */
  what: LossKind;
};

/** Where a message is. */
export type MessageState =
  /** In the vault; goes out when the contact has accepted. */
  | {
    state: "waiting_for_contact";
  }
  /** In the vault; a limit holds it back, or the user blocks the contact. */
  | {
    /** Which, and what to do. */
    reason: string;
    state: "held";
  }
  /** In the vault; Tor is not there. */
  | {
    state: "waiting_for_tor";
  }
  /** In the vault; neither their device nor a relay took it yet. */
  | {
    /** When it is tried again, milliseconds since 1970. */
    next_try_ms: number;
    /** What the last try gave. */
    reason: string;
    state: "waiting_for_relay";
  }
  /** On its way. */
  | {
    state: "sending";
  }
  /** Waits for them at a relay. */
  | {
    /** Of how many. */
    of: number;
    state: "at_relay";
    /** At how many relays. */
    stored: number;
  }
  /** On their device. */
  | {
    state: "delivered";
  }
  /** They have read it, and both sides let that be told. */
  | {
    state: "read";
  }
  /** Its row in the vault is damaged; what it said is lost here. */
  | {
    /** What is known of it, and what to do. */
    reason: string;
    state: "damaged";
  }
  /** It will not arrive. */
  | {
    /** Why, and what to do. */
    reason: string;
    state: "failed";
  }
  /** Theirs; it is here. */
  | {
    state: "received";
  }
  /** Theirs; its box arrived and could not be read. */
  | {
    /** Why. */
    reason: string;
    state: "unreadable";
  };

/** A message. */
export type MessageView = {
  /** The contact's id. */
  contact: string;
  /** Its id here: 32 hexadecimal digits. */
  id: string;
  /** Whether this user wrote it. */
  mine: boolean;
  /**
   * Its place in the conversation on both sides: (time, writer) orders the
   * transcript alike for both. Absent until it is sealed.
   */
  order: OrderView | null;
  /** Its place in the conversation here: later rows are greater. For paging. */
  position: number;
  /** The writer's clock, milliseconds since 1970. */
  sent_at_ms: number;
  /** When that began, milliseconds since 1970. */
  since_ms: number;
  /** Where it is. */
  state: MessageState;
  /** What it says. Text only; never markup. */
  text: string;
};

/** The network in plain words. */
export type NetworkView =
  /** Switched off (the vault is closed). */
  | {
    state: "off";
  }
  /** Coming up. */
  | {
    /** How far, 0 to 100. */
    percent: number;
    /** What is being done. */
    stage: string;
    state: "starting";
  }
  /** Tor works. */
  | {
    state: "ready";
  }
  /** Tor does not work; nothing leaves this machine but attempts to reach it. */
  | {
    /** Why, and what to do. */
    reason: string;
    state: "blocked";
  };

/** What a code is exchanged for. */
export type Opened = {
  /** A code that opens the same page once more, as long as its token holds. */
  again: SessionSecret;
  /** For `Authorization`. */
  token: SessionSecret;
};

/** A place in the transcript that both sides agree on. */
export type OrderView = {
  /** Lamport time of the conversation. */
  clock: number;
  /** 0 for the redeemer's messages, 1 for the inviter's. */
  writer: number;
};

/**
 * Whether contacts learn that their messages were read. It takes both: who does
 * not report is not reported to.
 */
export type ReadReports =
  /** None are sent, none are taken in. */
  | "off"
  /** What is marked as read is reported, and reports are shown. */
  | "on";

/** What a relay of this user is used for. */
export type RelayRole =
  /** Contacts leave mail there. */
  | "told"
  /** Contacts do not know it: it takes the place of another one. */
  | "spare"
  /**
   * It did not answer for long. Contacts are told to leave mail elsewhere; it
   * is still read, and told again once it answers steadily.
   */
  | "resting";

/** What is known of a relay. */
export type RelayState =
  /** Not tried yet. */
  | {
    state: "unknown";
  }
  /** It answered. */
  | {
    state: "reachable";
  }
  /** It did not. */
  | {
    /** Why. */
    reason: string;
    state: "unreachable";
  };

/** What a relay said when it was tested. */
export type RelayTestView = {
  /** Whether it takes new boxes. */
  accepting: boolean;
  /** Longest life of a box in seconds. */
  max_ttl_s: number;
  /** Milliseconds from the question to the answer, circuit and handshake included. */
  took_ms: number;
};

/** One relay. */
export type RelayView = {
  /** `hushwing-relay:...` */
  address: string;
  /** Since when it rests, milliseconds since 1970, if it does. */
  resting_since_ms: number | null;
  /** What it is used for. */
  role: RelayRole;
  /** What the last contact with it gave, in plain words. */
  state: RelayState;
};

/** What a command answers. */
export type Reply =
  /** It is done. */
  | {
    reply: "done";
  }
  | StatusView & {
    reply: "status";
  }
  | BackupView & {
    reply: "backup";
  }
  | VaultReportView & {
    reply: "vault_report";
  }
  | RelayView & {
    reply: "relay";
  }
  | {
    relays: RelayView[];
    reply: "relays";
  }
  | RelayTestView & {
    reply: "relay_test";
  }
  | InviteCreatedView & {
    reply: "invite_created";
  }
  | {
    invites: InviteView[];
    reply: "invites";
  }
  | {
    reply: "requests";
    requests: RequestView[];
  }
  | ContactView & {
    reply: "contact";
  }
  | {
    contacts: ContactView[];
    reply: "contacts";
  }
  | {
    chats: ChatView[];
    reply: "chats";
  }
  | MessageView & {
    reply: "sent";
  }
  | {
    messages: MessageView[];
    reply: "messages";
  }
  | {
    /**
     * Whether all messages are in the index; not so for a while after an update of the
     * program or a salvage.
     */
    complete: boolean;
    /** The newest first. */
    found: FoundView[];
    /** What to ask for to go on, if there may be more. */
    next: string | null;
    reply: "found";
  }
  | LedgerView & {
    reply: "ledger";
  }
  | {
    findings: Finding[];
    reply: "doctor";
  }
  | {
    policy: DeliveryPolicy;
    reply: "delivery";
  }
  | {
    record: string;
    reply: "route_record";
  }
  | SettingsView & {
    reply: "settings";
  }
  | SafetyView & {
    reply: "safety";
  };

/** What was decided about a request. Accepted and refused ones are gone. */
export type RequestState =
  /** Nothing yet. */
  | "open"
  /** It is kept apart and asks no more; it can still be accepted while it lasts. */
  | "blocked";

/**
 * Somebody asks to become a contact, by an invite that asks. Until the user has
 * accepted, there is no contact, and nothing that the other side could see happens.
 */
export type RequestView = {
  /** When it is deleted if nothing is decided, milliseconds since 1970. */
  expires_at_ms: number;
  /** Its id: that of the invite which it answers. */
  id: string;
  /** The name that they gave themselves, which anybody can choose; may be empty. */
  name: string;
  /** 40 digits that they will see too, to compare before or after accepting. */
  safety_number: string;
  /** When it was found, milliseconds since 1970. */
  since_ms: number;
  /** What was decided so far. */
  state: RequestState;
  /**
   * Somebody else has answered the same link, so it is uncertain which of the
   * two is the one whom it was made for.
   */
  used_twice: boolean;
};

/** What two people compare to make sure that nobody stands between them. */
export type SafetyView = {
  /** All 256 bits as the text of a QR code. */
  code: string;
  /** The contact's id. */
  contact: string;
  /** 40 digits in 8 groups. */
  digits: string;
  /** The same 128 bits as 16 emoji. */
  emoji: EmojiView[];
  /** The contact's name. */
  name: string;
  /** Whether they were compared already. */
  verification: Verification;
};

/** A text that must not be shown or left in memory: a passphrase, a link. */
export type SecretText = string;

/** The secret of one run of the daemon: base64url text of 32 random bytes. */
export type SessionSecret = string;

/** What an account tells of itself beyond what it must, and asks of others; when it locks. */
export type SettingsView = {
  /** After how many minutes without a command the vault is locked; 0 is never. */
  lock_after_minutes: number;
  /** Whether read reports are sent, and shown when they come. */
  read_reports: ReadReports;
  /** How many of the own relays contacts are told at once, 1 to 3. */
  relays_told: number;
};

/** Where things stand. */
export type StatusView = {
  /** The way out. */
  network: NetworkView;
  /** Relays in use, with what is known of each; empty while locked. */
  relays: RelayView[];
  /** Requests about which the user has not decided yet; 0 while locked. */
  requests: number;
  /** Messages that are not yet on their recipient's device; 0 while locked. */
  undelivered: number;
  /** The vault. */
  vault: VaultState;
  /** The program's version. */
  version: string;
  /**
   * The program was started without Tor, for trying things out on this machine: what it
   * reaches sees where it is.
   */
  without_tor?: boolean;
};

/** How hard a passphrase is to guess. */
export type Strength = {
  /** What makes it weak, where that can be told. */
  because: Weakness | null;
  /** Whether a vault can be made with it. */
  enough: boolean;
  /** Decimal logarithm of the estimated number of guesses. */
  guesses_log10: number;
};

/** An event with its place among all events of this run. */
export type Told = (
  /** The vault was opened or closed. */
  | {
    event: "vault";
    /** Its state now. */
    vault: VaultState;
  }
  /** The network's state changed. */
  | {
    event: "network";
    /** Its state now. */
    network: NetworkView;
  }
  /** A request is new or changed. */
  | RequestView & {
    event: "request";
  }
  /** A request is gone: accepted, refused, or its time is over. */
  | {
    event: "request_over";
    /** Which one. */
    request: string;
  }
  /** A contact is new or changed. */
  | ContactView & {
    event: "contact";
  }
  /** A message is new, or its state changed. */
  | MessageView & {
    event: "message";
  }
  /** It changed how many messages of a contact are unread. */
  | {
    /** Whose. */
    contact: string;
    event: "unread";
    /** How many; 1,000 stands for more, too. */
    unread: number;
    /** The `position` of the first one. */
    unread_from: number | null;
  }
  /** A message was deleted here. */
  | {
    /** With whom it was. */
    contact: string;
    event: "message_deleted";
    /** Its id. */
    message: string;
    /** Its `position`. */
    position: number;
  }
  /** All messages with a contact were deleted here. */
  | {
    /** With whom. */
    contact: string;
    event: "history_deleted";
  }
  /** A contact was deleted here, with all messages. */
  | {
    /** Whose id it was. */
    contact: string;
    event: "contact_deleted";
  }
  /** Somebody used an invite a second time; whoever came second was refused. */
  | {
    event: "invite_used_twice";
    /** Which invite. */
    invite: string;
  }
  /** Something that a person should know and that belongs to no message. */
  | {
    event: "warning";
    /** In plain words. */
    text: string;
  }
  /** Events were lost because this listener was too slow: read anew. */
  | {
    event: "lagged";
  }) & {
  /** Its serial: one more than that of the event before. */
  serial: number;
};

/** What becomes of a deletion when a message is not on the contact's device yet. */
export type Unsent =
  /** Nothing is deleted. */
  | "refuse"
  /**
   * It is deleted all the same: what is not encrypted yet never leaves, the rest still
   * arrives.
   */
  | "delete";

/** What a page is told of a file that it has handed in. */
export type Uploaded = {
  /** Its length in bytes. */
  len: number;
};

/** What was found in the files of the vault. */
export type VaultReportView = {
  /** How many of them do not authenticate. */
  damaged_pages: number;
  /** What its tables say does not agree, although each page authenticates. */
  inconsistent: boolean;
  /** How many damaged files are kept aside. */
  kept_aside: number;
  /** What is missing; empty when all is whole. */
  losses: LossView[];
  /** Changes that had been stored last could not be read. */
  newest_lost: boolean;
  /** Pages of the database. */
  pages: number;
  /** When the snapshots were made that there are, milliseconds since 1970. */
  snapshots_ms: number[];
};

/** Whether there is a vault and whether it is open. */
export type VaultState =
  /** There is none yet. */
  | "missing"
  /** There is one; it is closed. */
  | "locked"
  /** It is open. */
  | "open";

/** Whether the user has made sure of who a contact is. */
export type Verification =
  /** Not yet, or the mark was taken away. */
  | {
    state: "unverified";
  }
  /** The safety number that holds now was compared. */
  | {
    /** When, in milliseconds since 1970. */
    at_ms: number;
    /** By what. */
    how: VerifiedHow;
    state: "verified";
  }
  /**
   * Nothing was compared, and the contact has taken another identity. Nothing is sent
   * until the user verifies the safety number or decides to go on without (which is
   * what taking a mark away does).
   */
  | {
    /** Since when, in milliseconds since 1970. */
    since_ms: number;
    state: "succeeded";
  }
  /**
   * Another safety number was compared than the one that holds now. Nothing is sent
   * until the user verifies the new one or takes the mark away.
   */
  | {
    /** When, in milliseconds since 1970. */
    at_ms: number;
    /** By what the old one was compared. */
    how: VerifiedHow;
    state: "changed";
  };

/** By what two people compared their safety number. */
export type VerifiedHow =
  /** They read the 16 emoji out, or looked at both screens. */
  | "emoji"
  /** The same with the 40 digits. */
  | "digits"
  /** One device took in the other's code. */
  | "code";

/** One way of a message. */
export type WayView = (
  /** It lies there. */
  | {
    way: "kept";
  }
  /** It is on its way there now. */
  | {
    way: "trying";
  }
  /** It is tried later. */
  | {
    /** When it is tried again, milliseconds since 1970; 0: when something changes. */
    next_try_ms: number;
    /** What the last try gave. */
    reason: string;
    way: "waiting";
  }
  /** It is not tried. */
  | {
    /** Why. */
    reason: string;
    way: "unused";
  }) & ({
  /** The relay's address; none: their device itself. */
  relay: string | null;
});

/** What makes a passphrase weak. */
export type Weakness =
  /** It follows the keyboard. */
  | "keyboard"
  /** It repeats itself. */
  | "repeats"
  /** It is a sequence, as `abc`. */
  | "sequence"
  /** It has a date or a year. */
  | "date"
  /** It is, or is like, a common password. */
  | "common"
  /** It is a single word. */
  | "single_word"
  /** It is a name. */
  | "name";
