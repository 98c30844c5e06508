//! What goes into the engine beside commands, and what comes out.

use hushwing_wire::{RelayAddress, SealedBox, Slot};

use crate::rows::{ContactId, Owner};

/// One transmission on its way. Numbers are not used again while the engine lives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct FlightId(pub(crate) u64);

/// Which circuits something may share: those of the same owner and purpose.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Isolation {
    /// Whose traffic it is.
    pub owner: Owner,
    /// What it is for.
    pub purpose: Purpose,
}

/// What traffic is for. A relay must not see one circuit both read somebody's
/// mail and write somebody's mail.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[repr(u8)]
pub enum Purpose {
    /// Waiting at slots and dropping what was read.
    Read = 1,
    /// Putting boxes.
    Write = 2,
    /// Putting boxes at the contact's own node.
    Direct = 3,
    /// A test that the user asked for.
    Test = 4,
}

/// One operation for the driver to carry out, once, reporting the
/// [`Outcome`] under its id.
#[derive(Debug)]
#[must_use]
pub struct Transmit {
    /// Report under this.
    pub id: FlightId,
    /// To whom.
    pub to: RelayAddress,
    /// On which circuits.
    pub isolation: Isolation,
    /// What.
    pub operation: Operation,
}

/// What is asked of a relay, or of a contact's node.
#[derive(Debug)]
pub enum Operation {
    /// Put the box.
    Put {
        /// Where.
        slot: Slot,
        /// What.
        boxed: SealedBox,
        /// Wished life in seconds.
        ttl_s: u32,
    },
    /// Forget the boxes there.
    Drop {
        /// Where.
        slots: Vec<Slot>,
    },
}

/// What became of a [`Transmit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// PUT: it lies there durably, now or since an earlier try.
    Stored,
    /// PUT: another box lies, or lay, at that slot.
    Taken,
    /// PUT: no room there.
    Full,
    /// PUT: a node does not wait for that slot.
    NotServed,
    /// DROP: none of the slots holds a box now.
    Dropped,
    /// It failed or its outcome is unknown; the same bytes go again.
    Failed {
        /// Why, in plain words without an address.
        reason: String,
    },
}

/// Slots at a relay where something may arrive for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// At which relay.
    pub relay: RelayAddress,
    /// On which circuits.
    pub isolation: Isolation,
    /// 1 to 8 slots.
    pub slots: Vec<Slot>,
}

/// An onion service that should be up: a contact's way to our node.
pub struct Listener {
    /// Whose.
    pub contact: ContactId,
    /// Ed25519 seed of the onion service's identity key.
    pub onion_seed: [u8; 32],
    /// Ed25519 seed of the link's key.
    pub tls_seed: [u8; 32],
}

impl Drop for Listener {
    fn drop(&mut self) {
        use zeroize::Zeroize as _;
        self.onion_seed.zeroize();
        self.tls_seed.zeroize();
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listener(..)")
    }
}

/// What a contact's push to our node is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectAnswer {
    /// It is in the vault.
    Stored,
    /// It was in the vault before.
    Same,
    /// Another box came at that slot before, so nothing else will ever be taken
    /// there.
    Taken,
    /// Nothing waits at that slot; also the answer to what does not authenticate.
    NotServed,
}
