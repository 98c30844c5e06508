//! The core: the one thread through which every change passes.

use std::time::Duration;

use hushwing_engine::{
    ContactId, DirectAnswer, FlightId, Outcome, parse_relay,
    view::{
        Command, CommandError, ErrorCode, Event, NetworkView, RelayState, Reply, SecretText,
        StatusView, VaultState,
    },
};
use hushwing_transport::NetworkState;
use hushwing_vault::{Passphrase, Vault};
use hushwing_wire::{RelayAddress, SealedBox, Slot};
use tokio::{
    runtime::Handle,
    sync::{broadcast, mpsc, oneshot, watch},
    time::timeout,
};
use zeroize::Zeroizing;

use crate::{
    config::NodeConfig,
    effects::{self, Effects},
    session::Session,
    words,
};

type Answer = oneshot::Sender<Result<Reply, CommandError>>;

/// What reaches the core.
pub(crate) enum Input {
    Call(Command, Answer),
    /// From the effects of the session with this number.
    Outside(u64, Outside),
    Stop(oneshot::Sender<()>),
}

/// What happened outside.
pub(crate) enum Outside {
    Network(NetworkState),
    Relay(RelayAddress, RelayState),
    Found(RelayAddress, Slot, SealedBox, oneshot::Sender<()>),
    Pushed(ContactId, Slot, SealedBox, oneshot::Sender<DirectAnswer>),
    Landed(u64, FlightId, Outcome),
}

/// The way of one session's effects to the core.
#[derive(Clone)]
pub(crate) struct ToCore {
    inputs: mpsc::Sender<Input>,
    session: u64,
    network: watch::Receiver<NetworkState>,
}

impl ToCore {
    pub(crate) async fn network(&self, state: NetworkState) {
        self.send(Outside::Network(state)).await;
    }

    pub(crate) async fn relay_is(&self, relay: &RelayAddress, state: RelayState) {
        self.send(Outside::Relay(relay.clone(), state)).await;
    }

    /// Gives a found box to the core and waits until it is dealt with; false
    /// when the session is over.
    pub(crate) async fn found(&self, relay: &RelayAddress, slot: Slot, boxed: SealedBox) -> bool {
        let (done, dealt_with) = oneshot::channel();
        self.send(Outside::Found(relay.clone(), slot, boxed, done))
            .await;
        dealt_with.await.is_ok()
    }

    /// Gives a pushed box to the core; `None` when it could not be stored.
    pub(crate) async fn pushed(
        &self,
        contact: ContactId,
        slot: Slot,
        boxed: SealedBox,
    ) -> Option<DirectAnswer> {
        let (answer, answered) = oneshot::channel();
        self.send(Outside::Pushed(contact, slot, boxed, answer))
            .await;
        answered.await.ok()
    }

    pub(crate) async fn landed(&self, generation: u64, id: FlightId, outcome: Outcome) {
        self.send(Outside::Landed(generation, id, outcome)).await;
    }

    /// Returns when the network has come (back) to work after not working.
    pub(crate) async fn network_back(&self) {
        let mut network = self.network.clone();
        let gone = network.wait_for(|state| !state.is_ready()).await.is_ok();
        if !gone || network.wait_for(NetworkState::is_ready).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    async fn send(&self, outside: Outside) {
        // A core that is gone needs to know nothing.
        let _ = self
            .inputs
            .send(Input::Outside(self.session, outside))
            .await;
    }
}

/// The core's state.
pub(crate) struct Core {
    config: NodeConfig,
    inputs: mpsc::Receiver<Input>,
    to_self: mpsc::Sender<Input>,
    events: broadcast::Sender<Event>,
    runtime: Handle,
    open: Option<Box<Session>>,
    sessions: u64,
}

impl Core {
    pub(crate) fn new(
        config: NodeConfig,
        inputs: mpsc::Receiver<Input>,
        to_self: mpsc::Sender<Input>,
        events: broadcast::Sender<Event>,
        runtime: Handle,
    ) -> Self {
        Self {
            config,
            inputs,
            to_self,
            events,
            runtime,
            open: None,
            sessions: 0,
        }
    }

    /// Runs until it is stopped. Blocks its thread.
    pub(crate) fn run(mut self) {
        let runtime = self.runtime.clone();
        let _inside = runtime.enter();
        loop {
            let pause = self.open.as_ref().and_then(|session| session.sleep_ms());
            let input = match pause {
                None => runtime.block_on(self.inputs.recv()),
                Some(ms) => {
                    match runtime.block_on(timeout(Duration::from_millis(ms), self.inputs.recv())) {
                        Ok(input) => input,
                        Err(_) => {
                            self.tick();
                            continue;
                        }
                    }
                }
            };
            match input {
                None => break,
                Some(Input::Call(command, answer)) => self.call(command, answer),
                Some(Input::Outside(session, outside)) => self.outside(session, outside),
                Some(Input::Stop(done)) => {
                    self.close();
                    let _ = done.send(());
                    break;
                }
            }
        }
        self.close();
    }

    fn tick(&mut self) {
        if let Some(session) = &mut self.open {
            session.wake();
        }
    }

    fn call(&mut self, command: Command, answer: Answer) {
        let reply = match (command, &mut self.open) {
            (Command::RelayTest { address }, Some(session)) => {
                return test_relay(session, &address, answer);
            }
            (Command::Status, _) => self.status(),
            (Command::Create { passphrase }, None) => self.create(&passphrase),
            (Command::Unlock { passphrase }, None) => self.unlock(&passphrase),
            (Command::Create { .. }, Some(_)) => Err(CommandError::new(
                ErrorCode::VaultExists,
                "There is an account here already, and it is open.",
            )),
            (Command::Unlock { passphrase }, Some(_)) => self.check_passphrase(&passphrase),
            (Command::Lock, _) => {
                self.close();
                Ok(Reply::Done)
            }
            // [HW-API-14] All others need an open vault, whatever they ask.
            (_, None) if !Vault::exists(&self.config.dir) => Err(words::no_vault()),
            (_, None) => Err(words::locked()),
            (command, Some(session)) => {
                if matches!(command, Command::RetryNow) {
                    session.effects.retry_now();
                }
                session.command(command)
            }
        };
        // A caller that is gone does not want the answer.
        let _ = answer.send(reply);
    }

    fn outside(&mut self, number: u64, outside: Outside) {
        let Some(session) = self.open.as_mut().filter(|open| open.number == number) else {
            return;
        };
        match outside {
            Outside::Network(state) => {
                let view = words::network_view(&state);
                session.network = view.clone();
                session.tell(Event::Network {
                    network: view.clone(),
                });
                let _ = session.step(|engine, ctx| engine.network_changed(ctx, view));
            }
            Outside::Relay(relay, state) => session.relay_is(&relay, state),
            Outside::Found(relay, slot, boxed, done) => {
                let taken =
                    session.step(|engine, ctx| engine.box_found(ctx, &relay, &slot, &boxed));
                if taken.is_ok() {
                    let _ = done.send(());
                }
            }
            Outside::Pushed(contact, slot, boxed, answer) => {
                let answered =
                    session.step(|engine, ctx| engine.direct_put(ctx, &contact, &slot, &boxed));
                // Without an answer the sender learns that it was not stored.
                if let Ok(answered) = answered {
                    let _ = answer.send(answered);
                }
            }
            Outside::Landed(generation, id, outcome) if generation == session.generation => {
                let _ = session.step(|engine, ctx| engine.transmitted(ctx, id, outcome));
            }
            Outside::Landed(..) => {}
        }
    }

    fn status(&mut self) -> Result<Reply, CommandError> {
        if let Some(session) = &mut self.open {
            return session.status().map(Reply::Status);
        }
        Ok(Reply::Status(StatusView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            vault: self.vault_state(),
            network: NetworkView::Off,
            relays: Vec::new(),
            undelivered: 0,
            requests: 0,
        }))
    }

    fn vault_state(&self) -> VaultState {
        match (&self.open, Vault::exists(&self.config.dir)) {
            (Some(_), _) => VaultState::Open,
            (None, true) => VaultState::Locked,
            (None, false) => VaultState::Missing,
        }
    }

    fn create(&mut self, passphrase: &SecretText) -> Result<Reply, CommandError> {
        let passphrase = parse_passphrase(passphrase)?;
        let params = self.config.key_derivation.params();
        let vault =
            Vault::create(&self.config.dir, &passphrase, params).map_err(words::create_error)?;
        self.begin(vault)
    }

    fn unlock(&mut self, passphrase: &SecretText) -> Result<Reply, CommandError> {
        let passphrase = parse_passphrase(passphrase)?;
        let vault = Vault::open(&self.config.dir, &passphrase).map_err(words::open_error)?;
        self.begin(vault)
    }

    /// Unlocking what is open: right only with the right passphrase, which
    /// cannot be checked while the vault's lock is held; so it is refused.
    fn check_passphrase(&mut self, _: &SecretText) -> Result<Reply, CommandError> {
        Err(CommandError::new(
            ErrorCode::BadInput,
            "The account is open already.",
        ))
    }

    fn begin(&mut self, vault: Vault) -> Result<Reply, CommandError> {
        let way_out = effects::open_way_out(&self.config)
            .map_err(|reason| CommandError::new(ErrorCode::Machine, reason))?;
        self.sessions += 1;
        let core = ToCore {
            inputs: self.to_self.clone(),
            session: self.sessions,
            network: way_out.state.clone(),
        };
        let effects = Effects::start(way_out, &core);
        let session = Session::new(
            self.sessions,
            vault,
            effects,
            self.events.clone(),
            self.config.allow_loopback,
        )
        .map_err(CommandError::from)?;
        self.open = Some(Box::new(session));
        self.tell_vault();
        Ok(Reply::Done)
    }

    fn close(&mut self) {
        if let Some(session) = self.open.take() {
            let effects = session.wipe();
            self.runtime.block_on(effects.stop());
            self.tell_vault();
        }
    }

    fn tell_vault(&self) {
        let vault = self.vault_state();
        let _ = self.events.send(Event::Vault { vault });
    }
}

fn parse_passphrase(text: &SecretText) -> Result<Passphrase, CommandError> {
    Passphrase::new(Zeroizing::new(text.expose().to_owned()))
        .map_err(|error| CommandError::new(ErrorCode::BadInput, format!("{error}.")))
}

fn test_relay(session: &mut Session, address: &str, answer: Answer) {
    let address = match parse_relay(address) {
        Ok(address) => address,
        Err(error) => {
            let _ = answer.send(Err(error));
            return;
        }
    };
    session.effects.test_relay(address, |tested| {
        let reply = tested
            .map(Reply::RelayTest)
            .map_err(|error| CommandError::new(ErrorCode::Unreachable, words::sentence(&error)));
        let _ = answer.send(reply);
    });
}
