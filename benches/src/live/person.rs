//! Somebody's node.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use hushwing_node::{
    KeyDerivation, Network, Node, NodeConfig, WayOut,
    schema::{
        Command, ContactPhase, DeliveryPolicy, Event, InvitePolicy, InviteState, MessageState,
        MessageView, NetworkView, Reply, SecretText,
    },
};
use tokio::{
    sync::broadcast,
    time::{sleep, timeout},
};

use super::HANG;

/// How often something is looked at that brings no event.
const POLL: Duration = Duration::from_millis(100);

/// Somebody's node, and the one contact.
pub struct Person {
    node: Node,
    events: broadcast::Receiver<Event>,
    contact: String,
}

/// What a text took.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// Until it is in the reader's vault and its front end was told.
    pub arrived: Duration,
    /// Until the writer's front end was told so.
    pub known: Duration,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person(..)")
    }
}

impl Person {
    pub(super) async fn start(dir: &Path, toml: &str) -> Result<Self> {
        let node = Node::start(NodeConfig {
            dir: dir.to_path_buf(),
            way_out: WayOut::Tor(Network::Private {
                arti_toml: toml.to_owned(),
            }),
            allow_loopback: false,
            key_derivation: KeyDerivation::DangerouslyWeak,
        })?;
        let events = node.events();
        let person = Self {
            node,
            events,
            contact: String::new(),
        };
        let passphrase = SecretText::new("a passphrase for measuring".to_owned());
        person.call(Command::Create { passphrase }).await?;
        let online =
            |reply| matches!(reply, Reply::Status(status) if status.network == NetworkView::Ready);
        person.until(|| Command::Status, online).await?;
        Ok(person)
    }

    async fn call(&self, command: Command) -> Result<Reply> {
        Ok(self.node.call(command).await?)
    }

    /// Asks until the answer is as wished.
    async fn until(
        &self,
        command: impl Fn() -> Command,
        wished: impl Fn(Reply) -> bool,
    ) -> Result<()> {
        let asking = async {
            while !wished(self.call(command()).await?) {
                sleep(POLL).await;
            }
            Ok(())
        };
        timeout(HANG, asking)
            .await
            .with_context(|| format!("never answered as wished: {:?}", command()))?
    }

    pub(super) async fn use_relay(&mut self, address: &str) -> Result<()> {
        let address = address.to_owned();
        self.call(Command::RelayAdd { address }).await?;
        Ok(())
    }

    pub(super) async fn meet(inviter: &mut Self, redeemer: &mut Self) -> Result<()> {
        let create = Command::InviteCreate {
            name: "the inviter".to_owned(),
            expires_hours: 1,
            policy: InvitePolicy::default(),
        };
        let Reply::InviteCreated(invite) = inviter.call(create).await? else {
            bail!("no invite");
        };
        let ready = |reply| {
            matches!(reply, Reply::Invites { invites }
                if invites.iter().any(|one| one.state == InviteState::Ready))
        };
        inviter.until(|| Command::InviteList, ready).await?;
        let redeem = Command::InviteRedeem {
            link: SecretText::new(invite.link.clone()),
            name: "the redeemer".to_owned(),
        };
        redeemer.call(redeem).await?;
        for person in [inviter, redeemer] {
            let met = |reply| {
                matches!(reply, Reply::Contacts { contacts }
                    if contacts.iter().any(|one| one.phase == ContactPhase::Established))
            };
            person.until(|| Command::Contacts, met).await?;
            let Reply::Contacts { contacts } = person.call(Command::Contacts).await? else {
                bail!("no contacts");
            };
            person.contact = contacts.first().context("no contact")?.id.clone();
        }
        Ok(())
    }

    /// By which ways texts leave.
    ///
    /// # Errors
    /// When the node fails.
    pub async fn deliver_by(&mut self, policy: DeliveryPolicy) -> Result<()> {
        let policy = Some(policy);
        self.call(Command::Delivery { policy }).await?;
        Ok(())
    }

    /// Writes a text and waits for both ends to be told.
    ///
    /// # Errors
    /// When it does not arrive.
    pub async fn write(&mut self, reader: &mut Self, text: &str) -> Result<Arrival> {
        self.burst(reader, &[text.to_owned()]).await
    }

    /// Writes texts at once; the times are those of the last.
    ///
    /// # Errors
    /// When they do not all arrive.
    pub async fn burst(&mut self, reader: &mut Self, texts: &[String]) -> Result<Arrival> {
        // What happened before is of no interest.
        self.events = self.node.events();
        reader.events = reader.node.events();
        let began = Instant::now();
        for text in texts {
            let send = Command::Send {
                contact: self.contact.clone(),
                text: text.clone(),
            };
            self.call(send).await?;
        }
        let all = async |person: &mut Self, state: MessageState| -> Result<Duration> {
            let mut waiting: Vec<&String> = texts.iter().collect();
            while !waiting.is_empty() {
                let message = person.next_message().await?;
                if message.state == state {
                    waiting.retain(|text| **text != message.text);
                }
            }
            Ok(began.elapsed())
        };
        let arrived = all(reader, MessageState::Received);
        let known = all(self, MessageState::Delivered);
        let (arrived, known) = timeout(HANG, async { tokio::try_join!(arrived, known) })
            .await
            .context("a text does not arrive")??;
        Ok(Arrival { arrived, known })
    }

    async fn next_message(&mut self) -> Result<MessageView> {
        loop {
            match self.events.recv().await.context("the node has ended")? {
                Event::Message(message) => return Ok(message),
                Event::Warning { text } => bail!("a warning: {text}"),
                _ => {}
            }
        }
    }

    pub(super) async fn stop(self) {
        self.node.shutdown().await;
    }
}
