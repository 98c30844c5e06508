//! Between the people and their relay: a recorder of what an observer of the
//! wire sees, a spy who ends the encryption and so learns every slot, and a
//! second recorder in front of the real relay.
//!
//! ```text
//! daemons ──TLS──▶ recorder ──▶ spy ──TLS──▶ recorder ──▶ hushwing-relay
//! ```

mod recorder;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use async_trait::async_trait;
use hushwing_relay_client::{
    CallError, ConnectionLimits, PutOutcome, RelayClient, Service, TlsSeed, serve_connection, tls,
};
use hushwing_transport::{Listen, Stream, TcpListen};
use hushwing_wire::address::{Endpoint, LoopbackAddr};
use hushwing_wire::{Refusal, RelayAddress, RequestOp, ResponseOp, ServerKeyPin, Slot};
use tokio::runtime::Runtime;

pub use recorder::Recorder;

/// The spy; it ends when dropped.
pub struct Spy {
    address: RelayAddress,
    slots: Slots,
    runtime: Option<Runtime>,
}

/// Every slot that was ever named.
type Slots = Arc<Mutex<BTreeSet<Slot>>>;

impl Spy {
    /// Starts a spy who passes everything on to the relay that listens at
    /// `relay` and has the key `pin`.
    pub fn start(relay: SocketAddr, pin: ServerKeyPin) -> Result<Spy> {
        let seed = TlsSeed::new([7; 32]);
        let runtime = Runtime::new().context("no runtime")?;
        let any_port = LoopbackAddr::new(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let mut listener = runtime.block_on(TcpListen::bind(any_port))?;
        let endpoint = Endpoint::Loopback(LoopbackAddr::new(listener.local_addr())?);
        let address = RelayAddress {
            endpoint,
            pin: seed.pin(),
            access: None,
        };
        let slots = Slots::default();
        let learnt = slots.clone();
        let server = tls::server_config(&seed);
        runtime.spawn(async move {
            while let Some(stream) = listener.accept().await {
                let (server, learnt) = (server.clone(), learnt.clone());
                tokio::spawn(async move {
                    let Some(relay) = connect(relay, pin).await else {
                        return;
                    };
                    let service = Arc::new(Tap { relay, learnt });
                    // A client that hangs up is the ordinary end.
                    let limits = ConnectionLimits::default();
                    let _ = serve_connection(stream, server, service, limits).await;
                });
            }
        });
        Ok(Spy {
            address,
            slots,
            runtime: Some(runtime),
        })
    }

    /// Where it listens.
    pub fn socket_addr(&self) -> SocketAddr {
        match &self.address.endpoint {
            Endpoint::Loopback(address) => address.socket_addr(),
            _ => unreachable!("the spy listens on loopback"),
        }
    }

    /// The address to give to people, with `port` in place of the spy's own.
    pub fn address_through(&self, front: SocketAddr) -> Result<String> {
        let address = RelayAddress {
            endpoint: Endpoint::Loopback(LoopbackAddr::new(front)?),
            pin: self.address.pin,
            access: None,
        };
        Ok(address.to_string())
    }

    /// Every slot that was named so far.
    pub fn slots(&self) -> Vec<Slot> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.iter().copied().collect()
    }
}

impl Drop for Spy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn connect(relay: SocketAddr, pin: ServerKeyPin) -> Option<RelayClient> {
    let stream = tokio::net::TcpStream::connect(relay).await.ok()?;
    let stream: Stream = Box::new(stream);
    RelayClient::connect(stream, &pin).await.ok()
}

/// Notes the slots of each request and passes it on.
struct Tap {
    relay: RelayClient,
    learnt: Slots,
}

impl Tap {
    fn learn(&self, slots: &[Slot]) {
        let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        learnt.extend(slots);
    }

    async fn pass_on(&self, op: RequestOp) -> Result<ResponseOp, CallError> {
        Ok(match op {
            RequestOp::Put { slot, ttl_s, boxed }
            | RequestOp::PutGated {
                slot, ttl_s, boxed, ..
            } => {
                self.learn(&[slot]);
                match self.relay.put(&slot, &boxed, ttl_s).await? {
                    PutOutcome::Stored => ResponseOp::Stored,
                    PutOutcome::Same => ResponseOp::Same,
                    PutOutcome::Taken(boxed) => ResponseOp::Taken(boxed),
                    PutOutcome::TakenAndDropped => ResponseOp::TakenAndDropped,
                    PutOutcome::Full => ResponseOp::Full,
                    PutOutcome::Refused(why) => ResponseOp::Refused(why),
                    PutOutcome::GateClosed(terms) => ResponseOp::GateWanted(terms),
                }
            }
            RequestOp::Get { slots, wait_s } => {
                self.learn(&slots);
                match self.relay.get(&slots, wait_s).await? {
                    Some((index, boxed)) => ResponseOp::Found {
                        index: u8::try_from(index).unwrap_or(u8::MAX),
                        boxed,
                    },
                    None => ResponseOp::Nothing,
                }
            }
            RequestOp::Drop { slots } => {
                self.learn(&slots);
                self.relay.drop_slots(&slots).await?;
                ResponseOp::Dropped
            }
            RequestOp::Info => ResponseOp::Info(self.relay.info().await?),
        })
    }
}

#[async_trait]
impl Service for Tap {
    async fn call(&self, op: RequestOp) -> ResponseOp {
        match self.pass_on(op).await {
            Ok(answer) => answer,
            Err(CallError::Refused(why)) => ResponseOp::Refused(why),
            Err(_) => ResponseOp::Refused(Refusal::Draining),
        }
    }
}
