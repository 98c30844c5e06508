//! What a simulation watches and takes away; compiled for simulations alone.
//!
//! Everything here belongs to the thread that simulates: one simulation a
//! thread at a time. The exception is [`tell_pairs`], for a whole program that is watched.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    sync::OnceLock,
};

use crate::{kdf, safeguard::Safeguard};

/// Chooses, for a box of so many bytes that is being sealed, the byte to alter in it;
/// none: the box stays as it is.
pub type Spoiler = Box<dyn FnMut(usize) -> Option<usize>>;

thread_local! {
    static SPOILER: RefCell<Option<Spoiler>> = const { RefCell::new(None) };
    static SPOILED: Cell<u64> = const { Cell::new(0) };
    static MISSING: Cell<Option<Safeguard>> = const { Cell::new(None) };
    static SEALED: RefCell<Sealed> = const { RefCell::new(Sealed { seen: BTreeSet::new(), repeated: 0 }) };
}

struct Sealed {
    seen: BTreeSet<[u8; 32]>,
    repeated: u64,
}

/// What was sealed on this thread since [`begin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AeadUses {
    /// Pairs of key and nonce that sealed something.
    pub pairs: usize,
    /// How often a pair sealed again. Claim N1: never.
    pub repeated: u64,
}

/// Begins a simulation on this thread, without this safeguard.
pub fn begin(without: Option<Safeguard>) {
    MISSING.set(without);
    SPOILED.set(0);
    spoil_boxes(None);
    SEALED.with_borrow_mut(|sealed| {
        sealed.seen.clear();
        sealed.repeated = 0;
    });
}

/// What was sealed so far.
#[must_use]
pub fn aead_uses() -> AeadUses {
    SEALED.with_borrow(|sealed| AeadUses {
        pairs: sealed.seen.len(),
        repeated: sealed.repeated,
    })
}

/// From now on the boxes that `spoiler` chooses are spoiled before they are sealed, as
/// by a bit that turned in the writer's memory: their reader opens them and finds
/// something in them that cannot be read.
pub fn spoil_boxes(spoiler: Option<Spoiler>) {
    SPOILER.set(spoiler);
}

/// How many boxes were spoiled so far; a step that was undone may have spoiled one too.
#[must_use]
pub fn spoiled_boxes() -> u64 {
    SPOILED.get()
}

/// Spoils the padded content of a box, if it is one of those.
pub(crate) fn spoils(padded: &mut [u8]) {
    let chosen = SPOILER.with_borrow_mut(|spoiler| spoiler.as_mut()?(padded.len()));
    if let Some(byte) = chosen.and_then(|at| padded.get_mut(at)) {
        *byte ^= 1;
        SPOILED.set(SPOILED.get() + 1);
    }
}

pub(crate) fn missing() -> Option<Safeguard> {
    MISSING.get()
}

/// Takes a hash of each pair of key and nonce that seals something.
pub type PairTeller = Box<dyn Fn(&[u8; 32]) + Send + Sync>;

static TELLER: OnceLock<PairTeller> = OnceLock::new();

/// From now on `teller` is told of each pair that seals something on any thread of this
/// program. The first one stays.
pub fn tell_pairs(teller: PairTeller) {
    let _ = TELLER.set(teller);
}

/// Notes that this key and nonce seal something.
pub(crate) fn seals(key: &[u8], nonce: &[u8]) {
    let pair = kdf::transcript(b"hushwing simulation aead", &[key, nonce]);
    if let Some(tell) = TELLER.get() {
        tell(&pair);
    }
    SEALED.with_borrow_mut(|sealed| {
        if !sealed.seen.insert(pair) {
            sealed.repeated += 1;
        }
    });
}
