//! What the MLS library works with: cryptography, randomness, storage.
//!
//! Three things cannot be passed in and come from the operating system. They are
//! contained here and nowhere else in this crate:
//! - HPKE encapsulation (RFC 9180 §4.1, in `hpke-rs`) draws its randomness from
//!   a generator that it seeds itself, so bytes of commits and Welcomes are not
//!   reproduced by the same [`Ctx::rng`](crate::Ctx); everything else is.
//! - [`Crypto`] seeds such a generator when it is made.
//! - The clock is read when past epochs are stored (a time stamp that nothing
//!   uses: epochs are deleted by count) and when lifetimes of key packages are
//!   checked (ours never end; the expiry of an invite is ours, by
//!   [`Ctx::now_ms`](crate::Ctx)).

use std::{cell::RefCell, convert::Infallible};

use openmls_traits::{OpenMlsProvider, random::OpenMlsRand};
use rand_core::CryptoRng;

use super::{MlsError, crypto::Crypto, overlay::Overlay};
use crate::{ids::ConversationId, store::Store};

/// One step's provider; nothing in it outlives the step.
pub(crate) struct Provider<'a> {
    crypto: Crypto,
    rand: Rand<'a>,
    storage: Overlay<'a>,
}

impl<'a> Provider<'a> {
    pub(crate) fn new(
        store: &'a dyn Store,
        rng: &'a mut dyn CryptoRng,
        scope: ConversationId,
    ) -> Result<Self, MlsError> {
        let crypto =
            Crypto::new().map_err(|_| MlsError::Environment("the system gives no randomness"))?;
        Ok(Self {
            crypto,
            rand: Rand(RefCell::new(rng)),
            storage: Overlay::new(store, scope),
        })
    }

    pub(crate) fn overlay(&self) -> &Overlay<'a> {
        &self.storage
    }

    /// Uses the step's generator.
    pub(crate) fn with_rng<T>(&self, use_it: impl FnOnce(&mut dyn CryptoRng) -> T) -> T {
        use_it(&mut **self.rand.0.borrow_mut())
    }
}

impl<'a> OpenMlsProvider for Provider<'a> {
    type CryptoProvider = Crypto;
    type RandProvider = Rand<'a>;
    type StorageProvider = Overlay<'a>;

    fn storage(&self) -> &Overlay<'a> {
        &self.storage
    }

    fn crypto(&self) -> &Crypto {
        &self.crypto
    }

    fn rand(&self) -> &Rand<'a> {
        &self.rand
    }
}

/// The step's generator in the library's trait.
pub(crate) struct Rand<'a>(RefCell<&'a mut dyn CryptoRng>);

impl OpenMlsRand for Rand<'_> {
    type Error = Infallible;

    fn random_array<const N: usize>(&self) -> Result<[u8; N], Infallible> {
        let mut bytes = [0; N];
        self.0.borrow_mut().fill_bytes(&mut bytes);
        Ok(bytes)
    }

    fn random_vec(&self, len: usize) -> Result<Vec<u8>, Infallible> {
        let mut bytes = vec![0; len];
        self.0.borrow_mut().fill_bytes(&mut bytes);
        Ok(bytes)
    }
}
