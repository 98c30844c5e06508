//! Locked and unlocked a hundred times in a row, while two people talk.

use std::{fs, sync::Arc};

use hushwing_engine::view::{ContactPhase, InvitePolicy, InviteState, MessageState};
use hushwing_relay::{
    RelayService, ServerLimits, StoreKey, SystemClock, serve,
    store::{MemoryStore, StoreLimits},
};
use hushwing_relay_client::TlsSeed;
use hushwing_transport::TcpListen;
use hushwing_wire::{
    RelayAddress,
    address::{Endpoint, LoopbackAddr},
};
use tokio_util::sync::CancellationToken;

use super::*;

const CYCLES: usize = 100;
/// Cycles after which everything that is made once was made.
const SETTLED: usize = 10;
/// Threads and descriptors that come and go by themselves: those of the runtimes for work
/// that blocks, connections that are just being closed.
const SLACK: usize = 12;

async fn relay() -> String {
    let store = Arc::new(MemoryStore::new(StoreLimits::default()));
    let key = StoreKey::new([5; 32]);
    let service = Arc::new(RelayService::new(store, key, Arc::new(SystemClock)));
    let seed = TlsSeed::new([3; 32]);
    let pin = seed.pin();
    let any = LoopbackAddr::new("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut listener = TcpListen::bind(any).await.unwrap();
    let endpoint = Endpoint::Loopback(LoopbackAddr::new(listener.local_addr()).unwrap());
    tokio::spawn(async move {
        let (limits, stop) = (ServerLimits::default(), CancellationToken::new());
        serve(&mut listener, &seed, service, limits, stop).await;
    });
    RelayAddress {
        endpoint,
        pin,
        access: None,
    }
    .to_string()
}

/// Waits until `holds`; for what happens on other threads.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(240), waiting).await;
    in_time.unwrap_or_else(|_| panic!("{what}"));
}

impl Stage {
    async fn contact(&self) -> Option<String> {
        match self.call(Command::Contacts).await {
            Ok(Reply::Contacts { contacts }) => contacts
                .first()
                .filter(|contact| contact.phase == ContactPhase::Established)
                .map(|contact| contact.id.clone()),
            other => panic!("{other:?}"),
        }
    }

    async fn meet(&self, other: &Self) {
        let invite = Command::InviteCreate {
            name: "Alice".to_owned(),
            expires_hours: 1,
            policy: InvitePolicy::Accept,
        };
        let Ok(Reply::InviteCreated(invite)) = self.call(invite).await else {
            panic!("no invite");
        };
        until("the invite is ready", async || {
            match self.call(Command::InviteList).await {
                Ok(Reply::Invites { invites }) => invites[0].state == InviteState::Ready,
                other => panic!("{other:?}"),
            }
        })
        .await;
        let redeem = Command::InviteRedeem {
            link: secret(&invite.link),
            name: "Bob".to_owned(),
        };
        other.call(redeem).await.unwrap();
        for one in [self, other] {
            until("they meet", async || one.contact().await.is_some()).await;
        }
    }

    async fn send(&self, text: &str) {
        let contact = self.contact().await.unwrap();
        let text = text.to_owned();
        self.call(Command::Send { contact, text }).await.unwrap();
    }

    /// What came and what was delivered, in order.
    async fn messages(&self) -> (Vec<String>, Vec<String>) {
        let contact = self.contact().await.unwrap();
        let read = Command::Read {
            contact,
            limit: 1_000,
            after: None,
            before: None,
        };
        let Ok(Reply::Messages { messages }) = self.call(read).await else {
            panic!("no messages");
        };
        let texts = |mine: bool, state: MessageState| {
            let some = messages.iter();
            some.filter(|one| one.mine == mine && one.state == state)
                .map(|one| one.text.clone())
                .collect()
        };
        (
            texts(false, MessageState::Received),
            texts(true, MessageState::Delivered),
        )
    }
}

/// Threads and open descriptors of this process.
fn held() -> (usize, usize) {
    let count = |folder: &str| fs::read_dir(folder).unwrap().count();
    (count("/proc/self/task"), count("/proc/self/fd"))
}

/// `[HW-VAULT-25]` Each unlocking finds the lock of the vault free, so nothing of the one
/// before still holds a ratchet.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_locks_in_a_row_lose_nothing_and_pile_nothing_up() {
    let relay = relay().await;
    let alice = Stage::open().await;
    let bob = Stage::open().await;
    for one in [&alice, &bob] {
        let address = relay.clone();
        one.call(Command::RelayAdd { address }).await.unwrap();
    }
    alice.meet(&bob).await;
    let mut settled = (0, 0);
    for cycle in 0..CYCLES {
        alice.send(&format!("alice {cycle}")).await;
        alice.done(Command::Lock).await;
        bob.send(&format!("bob {cycle}")).await;
        alice.done(unlock(RIGHT)).await;
        if cycle == SETTLED {
            settled = held();
        }
    }
    let all = |who: &str| {
        (0..CYCLES)
            .map(|n| format!("{who} {n}"))
            .collect::<Vec<_>>()
    };
    let (of_alice, of_bob) = (all("alice"), all("bob"));
    until("everything arrives", async || {
        alice.messages().await.0.len() >= CYCLES && bob.messages().await.0.len() >= CYCLES
    })
    .await;
    assert_eq!(alice.messages().await.0, of_bob, "once, and in order");
    assert_eq!(bob.messages().await.0, of_alice, "once, and in order");
    until("everything is known to be there", async || {
        alice.messages().await.1 == of_alice && bob.messages().await.1 == of_bob
    })
    .await;
    until("threads and descriptors are as few as before", async || {
        let (threads, descriptors) = held();
        threads <= settled.0 + SLACK && descriptors <= settled.1 + SLACK
    })
    .await;
    alice.node.shutdown().await;
    bob.node.shutdown().await;
}
