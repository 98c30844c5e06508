//! The core: the one thread through which every change passes.

use std::time::Duration;

use hushwing_engine::{
    ContactId, DirectAnswer, FlightId, Outcome, parse_relay,
    view::{
        BackupKey, Command, CommandError, ErrorCode, Event, NetworkView, RelayState, Reply,
        SecretText, StatusView, VaultState, WIPE_PHRASE,
    },
};
use hushwing_transport::NetworkState;
use hushwing_vault::{BackupError, BackupSecret, CreateError, OldHeader, Passphrase, Stop, Vault};
use hushwing_wire::{RelayAddress, SealedBox, Slot};
use tokio::{
    runtime::{self, Handle, Runtime},
    sync::{broadcast, mpsc, oneshot, watch},
    time::sleep,
};
use zeroize::Zeroizing;

use crate::{
    attempts::Attempts,
    backups::{self, Job, Purpose},
    clock::Clock,
    config::{NodeConfig, WayOut},
    effects::{self, Effects},
    limits,
    session::{Session, now_ms},
    stack,
    unused::Unused,
    wiping, words,
};

type Answer = oneshot::Sender<Result<Reply, CommandError>>;

/// What reaches the core.
pub(crate) enum Input {
    Call(Command, Answer),
    Stop(oneshot::Sender<()>),
}

/// What happened outside, as the effects of a session tell it.
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
    outside: mpsc::Sender<Outside>,
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
        let _ = self.outside.send(outside).await;
    }
}

/// An open vault with all that ends when it is closed.
struct Open {
    session: Box<Session>,
    /// From its effects. A channel keeps bytes of what passed through it until they are
    /// written over, so it ends with its session.
    outside: mpsc::Receiver<Outside>,
    /// Its effects run on threads of their own, which end with it: so do their stacks.
    runtime: Runtime,
    /// Since when no front end has asked for anything.
    unused: Unused,
}

/// What comes next to the core.
enum Next {
    Input(Option<Input>),
    Outside(Outside),
    /// Something is due by the clock.
    Due,
}

async fn next(inputs: &mut mpsc::Receiver<Input>, open: Option<&mut Open>, clock: &Clock) -> Next {
    let Some(open) = open else {
        return Next::Input(inputs.recv().await);
    };
    let pause = open.session.sleep_ms();
    let due = async {
        match pause {
            Some(ms) => sleep(Duration::from_millis(ms)).await,
            None => std::future::pending().await,
        }
    };
    let look = open.unused.next_look(clock);
    let unused = async {
        match look {
            Some(at) => clock.reaches(at).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        input = inputs.recv() => Next::Input(input),
        Some(outside) = open.outside.recv() => Next::Outside(outside),
        () = due => Next::Due,
        () = unused => Next::Due,
    }
}

/// The core's state.
pub(crate) struct Core {
    config: NodeConfig,
    inputs: mpsc::Receiver<Input>,
    events: broadcast::Sender<Event>,
    runtime: Handle,
    open: Option<Open>,
    /// A backup that is being made or checked.
    job: Option<Job>,
    clock: Clock,
    /// Wrong passphrases, whatever they were given for.
    attempts: Attempts,
    /// Keys have passed over the stack that nothing needs any more.
    must_wipe: bool,
}

impl Core {
    pub(crate) fn new(
        config: NodeConfig,
        clock: Clock,
        inputs: mpsc::Receiver<Input>,
        events: broadcast::Sender<Event>,
        runtime: Handle,
    ) -> Self {
        Self {
            config,
            inputs,
            events,
            runtime,
            open: None,
            job: None,
            attempts: Attempts::new(clock.clone()),
            clock,
            must_wipe: false,
        }
    }

    /// Runs until it is stopped. Blocks its thread.
    pub(crate) fn run(mut self) {
        if let Err(error) = wiping::go_on(&self.config.dir) {
            tracing::warn!(
                "what was begun to be wiped is not gone yet: {}",
                error.message
            );
        }
        let mut was_open = false;
        while self.turn() {
            let is_open = self.open.is_some();
            if (was_open && !is_open) || std::mem::take(&mut self.must_wipe) {
                // Here, where no call is under way whose frame would keep anything.
                stack::wipe_stack();
            }
            was_open = is_open;
        }
        self.close();
        stack::wipe_stack();
    }

    /// Takes one thing in; false when the core is to end.
    #[inline(never)]
    fn turn(&mut self) -> bool {
        let runtime = self.runtime.clone();
        let next = runtime.block_on(next(&mut self.inputs, self.open.as_mut(), &self.clock));
        // What is spawned now belongs to the session.
        let of_session = self.open.as_ref().map(|open| open.runtime.handle().clone());
        let inside = of_session.unwrap_or(runtime);
        let _inside = inside.enter();
        match next {
            Next::Input(None) => return false,
            Next::Input(Some(Input::Call(command, answer))) => self.call(command, answer),
            Next::Input(Some(Input::Stop(done))) => {
                self.close();
                let _ = done.send(());
                return false;
            }
            Next::Outside(outside) => self.outside(outside),
            Next::Due => self.tick(),
        }
        true
    }

    /// Locks the vault when nobody has used it for as long as its owner says. A backup that
    /// somebody waits for is a use. `[HW-VAULT-24]`
    fn lock_if_unused(&mut self) {
        let is_awaited = self.job.as_ref().is_some_and(Job::is_awaited);
        let Some(open) = &mut self.open else {
            return;
        };
        if is_awaited {
            open.unused.used(&self.clock);
        } else if open.unused.is_over(&self.clock) {
            tracing::info!("locked: no command came for as long as the settings say");
            self.close();
        }
    }

    fn tick(&mut self) {
        self.lock_if_unused();
        if let Some(open) = &mut self.open {
            open.session.wake();
            self.snapshot();
        }
    }

    fn call(&mut self, command: Command, answer: Answer) {
        // Before it counts: after a sleep of the machine it can come first.
        self.lock_if_unused();
        if let Some(open) = &mut self.open
            && is_use(&command)
        {
            open.unused.used(&self.clock);
        }
        let session = self.open.as_mut().map(|open| &mut open.session);
        let reply = match (command, session) {
            (Command::RelayTest { address }, Some(session)) => {
                return test_relay(session, &address, answer);
            }
            (
                Command::BackupCreate {
                    file,
                    passphrase,
                    key,
                },
                Some(_),
            ) => return self.make_backup(&file, &passphrase, key, answer),
            (Command::BackupCheck { file, passphrase }, _) => {
                return self.check_backup(&file, &passphrase, answer);
            }
            (Command::PassphraseChange { present, new }, Some(_)) => {
                self.change_passphrase(&present, &new)
            }
            (Command::VaultCheck, Some(_)) => return self.check_vault(answer),
            (Command::VaultSalvage { passphrase }, None) => self.salvage(&passphrase),
            (Command::VaultSalvage { .. }, Some(_)) => Err(CommandError::new(
                ErrorCode::BadInput,
                "The account is open. Look for damage with 'hushwing vault check', and lock it \
                 before it is salvaged.",
            )),
            (Command::VaultForgetDamaged, Some(session)) => session.forget_damaged(),
            (Command::Restore { file, passphrase }, None) => self.restore(&file, &passphrase),
            (Command::Restore { .. }, Some(_)) => {
                Err(words::restore_error(CreateError::AlreadyExists.into()))
            }
            (Command::Wipe { confirm }, _) => self.wipe(&confirm),
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
            (command, Some(_)) if words::is_deletion(&command) => self.delete(command),
            (command, Some(session)) => {
                if matches!(command, Command::RetryNow) {
                    session.effects.retry_now();
                }
                session.command(command)
            }
        };
        if let (Ok(Reply::Settings(settings)), Some(open)) = (&reply, &mut self.open) {
            open.unused.set(settings.lock_after_minutes);
        }
        // A caller that is gone does not want the answer.
        let _ = answer.send(reply);
    }

    fn outside(&mut self, outside: Outside) {
        let Some(Open { session, .. }) = &mut self.open else {
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
        let without_tor = matches!(self.config.way_out, WayOut::Nothing);
        if let Some(open) = &mut self.open {
            let status = open.session.status()?;
            return Ok(Reply::Status(StatusView {
                without_tor,
                ..status
            }));
        }
        Ok(Reply::Status(StatusView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            vault: self.vault_state(),
            network: NetworkView::Off,
            without_tor,
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
        let params = self.config.key_derivation.cost().params();
        let vault =
            Vault::create(&self.config.dir, &passphrase, params).map_err(words::create_error)?;
        self.begin(vault)
    }

    fn unlock(&mut self, passphrase: &SecretText) -> Result<Reply, CommandError> {
        let passphrase = parse_passphrase(passphrase)?;
        let vault = self
            .attempts
            .guard(|| Vault::open(&self.config.dir, &passphrase).map_err(words::open_error))?;
        self.begin(vault).map_err(words::with_salvage)
    }

    /// Wraps the vault's key anew, here and at once: it takes a few seconds, in which nothing
    /// else moves, so that no lock can come between and no other thread ever has the key.
    /// Backups and snapshots that run meanwhile have their own copy of what they need.
    fn change_passphrase(
        &mut self,
        present: &SecretText,
        new: &SecretText,
    ) -> Result<Reply, CommandError> {
        let present = parse_passphrase(present)?;
        let new = parse_passphrase(new)?;
        let cost = self.config.key_derivation.cost();
        let open = self.open.as_mut().ok_or_else(words::locked)?;
        self.must_wipe = true;
        let old = self.attempts.guard(|| {
            let changed = open.session.change_passphrase(&present, &new, cost);
            changed.map_err(words::change_error)
        })?;
        if old == OldHeader::Left {
            open.session.tell(Event::Warning {
                text: words::OLD_HEADER_LEFT.to_owned(),
            });
        }
        Ok(Reply::Done)
    }

    fn restore(&mut self, file: &str, passphrase: &SecretText) -> Result<Reply, CommandError> {
        let passphrase = parse_passphrase(passphrase)?;
        let file = backups::absolute(file)?;
        let params = self.config.key_derivation.cost().params();
        let stop = Stop::default();
        let (vault, contents) = Vault::restore(&self.config.dir, &file, &passphrase, params, &stop)
            .map_err(words::restore_error)?;
        self.begin(vault)?;
        Ok(Reply::Backup(backups::view(&contents)))
    }

    fn make_backup(&mut self, file: &str, passphrase: &SecretText, key: BackupKey, answer: Answer) {
        // The account's own is tried on its header.
        let tries = key == BackupKey::Account;
        let begun = self.one_job().and_then(|()| {
            if tries {
                self.attempts.check()?;
            }
            let passphrase = parse_passphrase(passphrase)?;
            let file = backups::absolute(file)?;
            let open = self.open.as_mut().ok_or_else(words::locked)?;
            let stop = Stop::default();
            let job = open.session.begin_backup(&stop);
            let secret = match key {
                BackupKey::Account => BackupSecret::Account(passphrase),
                BackupKey::Own => BackupSecret::Other(passphrase),
            };
            let job = job.map_err(words::backup_error)?;
            let attempts = tries.then(|| self.attempts.clone());
            Ok((stop, move || {
                let made = job.run(&file, &secret, now_ms());
                if let Some(attempts) = attempts {
                    attempts.note(&made.as_ref().map_err(|error| words::backup_error(*error)));
                }
                Ok(Reply::Backup(backups::view(&made?)))
            }))
        });
        self.begin_job(begun, answer);
    }

    fn check_backup(&mut self, file: &str, passphrase: &SecretText, answer: Answer) {
        let begun = self.one_job().and_then(|()| {
            let passphrase = parse_passphrase(passphrase)?;
            let file = backups::absolute(file)?;
            let dir = self.config.dir.clone();
            let stop = Stop::default();
            let inside = stop.clone();
            Ok((stop, move || {
                let contents = hushwing_vault::check_backup(&file, &passphrase, &dir, &inside)?;
                Ok(Reply::Backup(backups::view(&contents)))
            }))
        });
        self.begin_job(begun, answer);
    }

    fn check_vault(&mut self, answer: Answer) {
        let begun = self.one_job().and_then(|()| {
            let open = self.open.as_mut().ok_or_else(words::locked)?;
            let stop = Stop::default();
            let (job, snapshots_ms, kept_aside) = open
                .session
                .begin_check(&stop)
                .map_err(words::backup_error)?;
            Ok((stop, move || {
                let damage = job.run()?;
                let report = backups::report(&damage, snapshots_ms, kept_aside);
                Ok(Reply::VaultReport(report))
            }))
        });
        self.begin_job(begun, answer);
    }

    /// Opens a vault of which a part is damaged.
    fn salvage(&mut self, passphrase: &SecretText) -> Result<Reply, CommandError> {
        let passphrase = parse_passphrase(passphrase)?;
        let stop = Stop::default();
        let (vault, damage) = self.attempts.guard(|| {
            Vault::salvage(&self.config.dir, &passphrase, now_ms(), &stop)
                .map_err(words::salvage_error)
        })?;
        let snapshots_ms = vault.snapshots().map_err(words::backup_error)?;
        let kept_aside = vault.damaged_files().map_err(words::backup_error)?;
        self.begin(vault)?;
        let report = backups::report(&damage, snapshots_ms, kept_aside);
        Ok(Reply::VaultReport(report))
    }

    /// Deletes something, and clears the vault's files of it before that is answered.
    /// `[HW-DEL-1]`
    fn delete(&mut self, command: Command) -> Result<Reply, CommandError> {
        let is_snapshot = |job: &Job| job.purpose == Purpose::Snapshot;
        if self.job.as_ref().is_some_and(is_snapshot) {
            // It would keep what is deleted, and another one is made soon.
            self.end_job();
        }
        self.one_job()?;
        wiping::empty_spool(&self.config.dir).map_err(|error| words::wipe_error(error.into()))?;
        let open = self.open.as_mut().ok_or_else(words::locked)?;
        open.session.delete(command)
    }

    /// Destroys the account, whether it is open or locked. `[HW-VAULT-47]`
    fn wipe(&mut self, confirm: &str) -> Result<Reply, CommandError> {
        if confirm != WIPE_PHRASE {
            return Err(words::not_confirmed());
        }
        if self.open.is_some() {
            // Before anything that takes time.
            let destroyed = Vault::destroy_keys(&self.config.dir);
            self.end(Session::abandon);
            destroyed.map_err(|error| words::wipe_error(error.into()))?;
        }
        self.end_job();
        wiping::wipe(&self.config.dir)?;
        self.tell_vault();
        Ok(Reply::Done)
    }

    /// Takes a snapshot of the vault when one is due and nothing else goes on.
    fn snapshot(&mut self) {
        if self.one_job().is_err() {
            return;
        }
        let Some(open) = self.open.as_mut() else {
            return;
        };
        let stop = Stop::default();
        if let Some(job) = open.session.snapshot_if_due(&stop) {
            let work = move || job.run(now_ms()).map(|()| Reply::Done);
            self.job = Some(Job::start(Purpose::Snapshot, stop, work, |result| {
                if let Err(error) = result {
                    tracing::warn!("no snapshot was made: {error}");
                }
            }));
        }
    }

    fn one_job(&self) -> Result<(), CommandError> {
        match &self.job {
            Some(job) if !job.is_over() => Err(words::job_is_running()),
            _ => Ok(()),
        }
    }

    fn begin_job<W>(&mut self, begun: Result<(Stop, W), CommandError>, answer: Answer)
    where
        W: FnOnce() -> Result<Reply, BackupError> + Send + 'static,
    {
        match begun {
            Ok((stop, work)) => {
                self.job = Some(Job::start(Purpose::Asked, stop, work, |reply| {
                    // A caller that is gone does not want the answer.
                    let _ = answer.send(reply);
                }));
            }
            Err(error) => {
                let _ = answer.send(Err(error));
            }
        }
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
        let machine = |reason| CommandError::new(ErrorCode::Machine, reason);
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(limits::SESSION_THREADS)
            .thread_name("session")
            // The system keeps the stacks of threads that ended for others to come.
            .on_thread_stop(stack::wipe_stack)
            .enable_all()
            .build()
            .map_err(|error| machine(format!("No threads can be had: {error}.")))?;
        let inside = runtime.enter();
        let way_out = effects::open_way_out(&self.config).map_err(machine)?;
        let (sender, outside) = mpsc::channel(limits::CORE_QUEUE);
        let core = ToCore {
            outside: sender,
            network: way_out.state.clone(),
        };
        let effects = Effects::start(way_out, &core);
        let mut session = Session::new(
            vault,
            effects,
            self.events.clone(),
            self.config.allow_loopback,
        )
        .map_err(CommandError::from)?;
        let lock_after = session.lock_after_minutes().map_err(CommandError::from)?;
        drop(inside);
        self.open = Some(Open {
            session: Box::new(session),
            outside,
            runtime,
            unused: Unused::new(lock_after, &self.clock),
        });
        self.tell_vault();
        Ok(Reply::Done)
    }

    /// Closes the vault and ends everything that worked for it. Nothing of it stays in
    /// memory. `[HW-VAULT-14]`
    fn close(&mut self) {
        self.end(Session::wipe);
    }

    /// Ends a job that is under way.
    fn end_job(&mut self) {
        if let Some(job) = self.job.take() {
            let runtime = self.open.as_ref().map(|open| open.runtime.handle());
            runtime.unwrap_or(&self.runtime).block_on(job.end());
        }
    }

    /// The same for a vault that is closed in this way.
    fn end(&mut self, closing: fn(Session) -> Effects) {
        // A check of a backup goes on without an open account, too.
        self.end_job();
        let Some(open) = self.open.take() else {
            return;
        };
        let effects = closing(*open.session);
        drop(open.outside);
        open.runtime.block_on(effects.stop());
        open.runtime.shutdown_timeout(limits::STOP);
        self.tell_vault();
    }

    fn tell_vault(&self) {
        let vault = self.vault_state();
        let _ = self.events.send(Event::Vault { vault });
    }
}

/// Whether a command shows that somebody is there: front ends ask for what they show by
/// themselves, and mark what comes in as read while it lies open on a desk.
fn is_use(command: &Command) -> bool {
    !matches!(
        command,
        Command::Status | Command::Chats | Command::Requests | Command::MarkRead { .. }
    )
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
