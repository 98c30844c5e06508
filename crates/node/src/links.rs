//! Links to relays and to contacts' nodes: one for each address and isolation,
//! made when it is needed, kept while it is used.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};

use hushwing_engine::{ContactId, Isolation, Owner, Purpose};
use hushwing_relay_client::{Opener, RelayClient};
use hushwing_transport::{Dial, IsolationClass};
use hushwing_wire::RelayAddress;
use sha2::{Digest as _, Sha256};
use tokio::{sync::Mutex, time::timeout};

use crate::{limits, words::LinkError};

/// All links of one session.
pub(crate) struct Links {
    dial: Arc<dyn Dial>,
    places: std::sync::Mutex<BTreeMap<(RelayAddress, Isolation), Arc<Place>>>,
}

/// Where one link is, or will be. The lock is held while it is made, so that
/// two users at once make one link.
struct Place {
    client: Mutex<Option<RelayClient>>,
    /// The last failure to make it, and when.
    failed: std::sync::Mutex<Option<(Instant, LinkError)>>,
    used: std::sync::Mutex<Instant>,
}

impl Links {
    pub(crate) fn new(dial: Arc<dyn Dial>) -> Self {
        Self {
            dial,
            places: std::sync::Mutex::new(BTreeMap::new()),
        }
    }

    /// A live link to `address` on circuits of `isolation`.
    pub(crate) async fn link(
        &self,
        address: &RelayAddress,
        isolation: Isolation,
    ) -> Result<RelayClient, LinkError> {
        let place = self.place(address, isolation);
        let asked_at = Instant::now();
        let mut client = place.client.lock().await;
        if let Some(live) = client.as_ref().filter(|client| !client.is_closed()) {
            return Ok(live.clone());
        }
        // Whoever waited while another tried and failed does not try again at
        // once: sixteen in a row would each wait for a minute.
        if let Some((at, error)) = lock(&place.failed).clone()
            && at > asked_at
        {
            return Err(error);
        }
        let made = timeout(limits::CONNECT, self.connect(address, isolation))
            .await
            .unwrap_or(Err(LinkError::TimedOut));
        match made {
            Ok(made) => {
                *client = Some(made.clone());
                Ok(made)
            }
            Err(error) => {
                *lock(&place.failed) = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    async fn connect(
        &self,
        address: &RelayAddress,
        isolation: Isolation,
    ) -> Result<RelayClient, LinkError> {
        let stream = self
            .dial
            .dial(&address.endpoint, class_of(isolation))
            .await
            .map_err(LinkError::Dial)?;
        let opener = Opener {
            access_key: address.access.clone(),
            ..Opener::default()
        };
        Ok(RelayClient::connect_with(stream, &address.pin, opener).await?)
    }

    fn place(&self, address: &RelayAddress, isolation: Isolation) -> Arc<Place> {
        let mut places = lock(&self.places);
        let place = places
            .entry((address.clone(), isolation))
            .or_insert_with(|| {
                Arc::new(Place {
                    client: Mutex::new(None),
                    failed: std::sync::Mutex::new(None),
                    used: std::sync::Mutex::new(Instant::now()),
                })
            });
        *lock(&place.used) = Instant::now();
        Arc::clone(place)
    }

    /// Closes what nobody used for [`limits::LINK_IDLE`]. A link that waits is
    /// used again at every wait.
    pub(crate) fn close_idle(&self) {
        lock(&self.places).retain(|_, place| {
            Arc::strong_count(place) > 1 || lock(&place.used).elapsed() < limits::LINK_IDLE
        });
    }

    /// Closes the links of these contacts: those to their relays and nodes, and those
    /// on which their mail was awaited. `[HW-BLOCK-2]`
    pub(crate) fn close_of(&self, contacts: &BTreeSet<ContactId>) {
        lock(&self.places).retain(|(_, isolation), _| {
            !matches!(isolation.owner, Owner::Contact(contact) if contacts.contains(&contact))
        });
    }

    /// Closes the links of an owner that is gone, or all links for a new start.
    pub(crate) fn close_all(&self) {
        lock(&self.places).clear();
    }
}

/// The circuits that an isolation may use. Distinct inputs give distinct
/// classes; the hash hides ids from the layer below.
fn class_of(isolation: Isolation) -> IsolationClass {
    let (kind, id): (u8, Vec<u8>) = match isolation.owner {
        Owner::Invite(invite) => (1, invite.as_bytes().to_vec()),
        Owner::Contact(contact) => (2, contact.0.to_vec()),
        Owner::Test(number) => (3, number.to_be_bytes().to_vec()),
    };
    let purpose: u8 = match isolation.purpose {
        Purpose::Read => 1,
        Purpose::Write => 2,
        Purpose::Direct => 3,
        Purpose::Test => 4,
    };
    let digest = Sha256::new()
        .chain_update([kind, purpose])
        .chain_update(id)
        .finalize();
    let mut class = [0; 16];
    class.copy_from_slice(&digest[..16]);
    IsolationClass::new(class)
}

/// The guarded value, also when a holder panicked: each holder leaves it whole.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use hushwing_protocol::InviteId;
    use hushwing_transport::DirectDialer;
    use hushwing_wire::{
        ServerKeyPin,
        address::{Endpoint, OnionAddress},
    };

    use super::*;

    /// Claim B0. `[HW-BLOCK-2]`
    #[test]
    fn links_of_a_blocked_contact_are_closed_and_others_stay() {
        let links = Links::new(Arc::new(DirectDialer::loopback_only()));
        let address = RelayAddress {
            endpoint: Endpoint::Onion {
                address: OnionAddress::from_public_key([1; 32]),
                port: 443,
            },
            pin: ServerKeyPin::new([1; 32]),
            access: None,
        };
        let [blocked, open] = [1, 2].map(|number| ContactId([number; 16]));
        let owners = [
            Owner::Contact(blocked),
            Owner::Contact(open),
            // The same bytes, and still somebody else.
            Owner::Invite(InviteId::new([1; 32])),
        ];
        for owner in owners {
            for purpose in [Purpose::Read, Purpose::Write, Purpose::Direct] {
                links.place(&address, Isolation { owner, purpose });
            }
        }
        links.close_of(&BTreeSet::from([blocked]));
        let left: Vec<Owner> = lock(&links.places)
            .keys()
            .map(|(_, isolation)| isolation.owner)
            .collect();
        assert_eq!(left.len(), 6);
        assert!(!left.contains(&owners[0]));
    }
}
