//! Sizes and bounds of everything on the wire, each with its reason.

/// Bytes of a sealed box. One size for everything textual, so that a length
/// tells nothing; every handshake object of a two-leaf conversation fits one.
pub const BOX_LEN: usize = 16_384;

/// Bytes of the random nonce in front of a sealed box (XChaCha20-Poly1305).
pub const BOX_NONCE_LEN: usize = 24;

/// Bytes of the Poly1305 tag at the end of a sealed box.
pub const BOX_TAG_LEN: usize = 16;

/// Bytes of the padded plaintext in a box.
pub const BOX_PLAINTEXT_LEN: usize = BOX_LEN - BOX_NONCE_LEN - BOX_TAG_LEN;

/// Bytes of a slot's name: a 256-bit pseudorandom value cannot be guessed.
pub const SLOT_LEN: usize = 32;

/// Bytes in front of the box in every relay frame: holds the largest operation
/// (8 slots of 32 bytes) and leaves room for a gate proof.
pub const FRAME_HEADER_LEN: usize = 512;

/// Bytes of every relay frame, both directions, all operations alike, so that
/// an observer of the link sees only a count of frames.
pub const FRAME_LEN: usize = FRAME_HEADER_LEN + BOX_LEN;

/// Slots that one GET or DROP may name. Readers wait at one slot a lane and a
/// conversation has at most a few open lanes.
pub const MAX_SLOTS_PER_REQUEST: usize = 8;

/// Bytes of a relay's access key: it can only be guessed by asking the relay, and
/// three of them still fit a link's QR code.
pub const ACCESS_KEY_LEN: usize = 16;

/// Most work that a relay may ask for a box, as a power of two of puzzles: more
/// than a day of one core, so a client that means to be reached gives up before.
pub const MAX_WORK_LEVEL: u8 = 24;

/// Longest wait of one GET in seconds. Longer waits gain nothing, and a dead
/// circuit is noticed within this time.
pub const MAX_WAIT_S: u16 = 120;

/// Life of a box at a relay in seconds, 21 days: longer than a holiday.
pub const DEFAULT_TTL_S: u32 = 21 * 24 * 3600;

/// Longest life that a relay grants in seconds, 90 days (control lanes of
/// groups); a relay shortens larger wishes to this.
pub const MAX_TTL_S: u32 = 90 * 24 * 3600;

/// Relays that one person names to a contact: a second and a third survive the
/// loss of the first; more would only spread metadata.
pub const MAX_RELAYS: usize = 3;

/// Bytes of a chosen name in UTF-8; fits a line everywhere.
pub const MAX_NAME_LEN: usize = 64;

/// Bytes of one message's content (MIMI content in CBOR) in one box. With a
/// commit (about 4 KB) and framing this stays below [`BOX_PLAINTEXT_LEN`].
pub const MAX_CONTENT_LEN: usize = 9_000;

/// Bytes of one text in UTF-8; leaves room in [`MAX_CONTENT_LEN`] for the
/// content format around it.
pub const MAX_TEXT_LEN: usize = 8_192;

/// Ranges of out-of-order receipts that one envelope carries; more gaps than
/// this are reported after the first ones close.
pub const MAX_RECEIPT_RANGES: usize = 16;

/// Marks of boxes that one request for new keys states: the oldest ones, since the
/// first that differs is enough.
pub const MAX_OPEN_MARKS: usize = 64;

/// Ends of lanes that one envelope states. At most three lanes of a writer are
/// open at once in a two-leaf conversation; eight leaves room for groups.
pub const MAX_LANE_ENDS: usize = 8;

/// Boxes that one envelope states to have been unreadable: what is left over goes
/// into the next one.
pub const MAX_UNREAD_PLACES: usize = 16;

/// Bytes of a host name (RFC 1035 §2.3.4).
pub const MAX_HOST_LEN: usize = 253;

/// Characters of a pasted link or address before it is refused unread: the longest
/// valid one, with three relays named by host, is below 1,600.
pub const MAX_LINK_CHARS: usize = 2_048;

/// Characters of a pasted route record before it is refused unread: the longest
/// valid one, with two signatures and three relays named by host, is below 8,000.
pub const MAX_ROUTE_RECORD_CHARS: usize = 12_288;

/// Bytes of nonce, ciphertext and tag of a route record: what fits a text of
/// [`MAX_ROUTE_RECORD_CHARS`] beside its beginning, version and checksum.
pub const MAX_ROUTE_RECORD_LEN: usize = 7_665;

/// Greatest number of a recovery place: more than one a minute for thirty years.
/// Numbers of places only grow, so one lie must not use them all up.
pub const MAX_PLACE: u32 = 1 << 24;

/// Greatest generation of a conversation's keys, for the same reason.
pub const MAX_GENERATION: u32 = 1 << 31;

/// By how much at most a generation is above the one before. `[HW-REC-5]`
pub const MAX_GENERATION_STEP: u32 = 1 << 16;
