//! The handle that front ends hold.

use hushwing_engine::view::{Command, CommandError, Event, Reply};
use hushwing_protocol::WrongAnswer;
use tokio::{
    runtime::Handle,
    sync::{broadcast, mpsc, oneshot},
};

use crate::{
    clock::Clock,
    config::NodeConfig,
    core::{Core, Input},
    limits, words,
};

/// A running node. Clones are handles to the same node; it runs until
/// [`Node::shutdown`].
#[derive(Clone)]
pub struct Node {
    inputs: mpsc::Sender<Input>,
    events: broadcast::Sender<Event>,
}

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no async runtime to run on: the caller's fault.
    #[error("a node must be started inside a tokio runtime")]
    NoRuntime,
    /// What this program computes with gives wrong results. Nothing that it would seal
    /// could be trusted, so nothing is started.
    #[error(
        "{0}, so nothing that is encrypted here could be trusted: not started. Install the \
         program anew; if that does not help, this machine's memory or processor is at fault"
    )]
    Wrong(#[from] WrongAnswer),
    /// The machine has no thread to give.
    #[error("no thread could be started: {0}")]
    NoThread(std::io::Error),
}

impl Node {
    /// Starts a node with its vault closed, if its cryptography gives the known answers
    /// (`[HW-KEM-2]`). Must be called inside a tokio runtime of several threads.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(config: NodeConfig) -> Result<Self, StartError> {
        Self::start_by(config, Clock::new())
    }

    /// The same by another clock.
    pub(crate) fn start_by(config: NodeConfig, clock: Clock) -> Result<Self, StartError> {
        hushwing_protocol::check_known_answers()?;
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        #[cfg(feature = "aead-recorder")]
        crate::aead_recorder::begin();
        let (inputs, received) = mpsc::channel(limits::CORE_QUEUE);
        let (events, _) = broadcast::channel(limits::EVENT_QUEUE);
        let core = Core::new(config, clock, received, events.clone(), runtime);
        std::thread::Builder::new()
            .name("core".to_owned())
            .stack_size(limits::CORE_STACK)
            .spawn(move || core.run())
            .map_err(StartError::NoThread)?;
        Ok(Self { inputs, events })
    }

    /// Carries out one command.
    ///
    /// # Errors
    /// [`CommandError`] in plain words; the vault is then as it was.
    pub async fn call(&self, command: Command) -> Result<Reply, CommandError> {
        let (answer, answered) = oneshot::channel();
        self.inputs
            .send(Input::Call(command, answer))
            .await
            .map_err(|_| words::stopping())?;
        answered.await.map_err(|_| words::stopping())?
    }

    /// Everything that happens from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Closes the vault, stops the network and ends the node.
    pub async fn shutdown(&self) {
        let (done, stopped) = oneshot::channel();
        if self.inputs.send(Input::Stop(done)).await.is_ok() {
            let _ = stopped.await;
        }
    }
}
