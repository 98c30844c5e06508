//! What the API serves: anything that takes commands and tells events.

use async_trait::async_trait;
use hushwing_node::Node;
use tokio::sync::broadcast;

use crate::schema::{Command, CommandError, Event, Reply};

/// The part of the daemon behind the API.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// Carries out one command.
    ///
    /// # Errors
    /// [`CommandError`] with a code for programs and a sentence for people.
    async fn call(&self, command: Command) -> Result<Reply, CommandError>;

    /// Everything that happens from now on. The channel's capacity bounds what
    /// is kept for a slow listener.
    fn events(&self) -> broadcast::Receiver<Event>;
}

#[async_trait]
impl Backend for Node {
    async fn call(&self, command: Command) -> Result<Reply, CommandError> {
        Self::call(self, command).await
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        Self::events(self)
    }
}
