//! What a person is told about where a message is and what is stuck.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api;
use crate::person::Person;
use crate::wait::{self, Seen};

/// A message with all that is known of its way, as `message show --json` and the
/// API's `message` tell it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Ledger {
    message: Value,
    history: Vec<Value>,
    ways: Vec<Value>,
}

/// How a message stands at one relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AtRelay {
    /// It is kept there.
    Kept,
    /// It is tried again at this time, and this is why it is not there.
    Waiting {
        /// What the last try gave.
        reason: String,
        /// Milliseconds since 1970; 0 when something must change first.
        next_try_ms: u64,
    },
    /// It is on its way there.
    Trying,
    /// Nothing is said of this relay.
    Unnamed,
}

impl Ledger {
    /// The name of the state: `at_relay`, `delivered`, ...
    #[must_use]
    pub fn state(&self) -> &str {
        self.message["state"]["state"].as_str().unwrap_or("")
    }

    /// At how many relays it is, and of how many, if its state says so.
    #[must_use]
    pub fn kept_at(&self) -> Option<(u64, u64)> {
        let state = &self.message["state"];
        Some((state["stored"].as_u64()?, state["of"].as_u64()?))
    }

    /// Why it is in its state, if that has a reason.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.message["state"]["reason"].as_str()
    }

    /// When it is tried again, if its state says so.
    #[must_use]
    pub fn next_try_ms(&self) -> Option<u64> {
        self.message["state"]["next_try_ms"].as_u64()
    }

    /// How it stands at the relay of this address.
    #[must_use]
    pub fn at(&self, relay: &str) -> AtRelay {
        let Some(way) = self.ways.iter().find(|way| way["relay"] == relay) else {
            return AtRelay::Unnamed;
        };
        match way["way"].as_str() {
            Some("kept") => AtRelay::Kept,
            Some("trying") => AtRelay::Trying,
            _ => AtRelay::Waiting {
                reason: way["reason"].as_str().unwrap_or("").to_owned(),
                next_try_ms: way["next_try_ms"].as_u64().unwrap_or(0),
            },
        }
    }

    /// The names of all that happened to it, oldest first.
    #[must_use]
    pub fn steps(&self) -> Vec<&str> {
        self.history
            .iter()
            .map(|entry| entry["step"].as_str().unwrap_or(""))
            .collect()
    }

    /// The relays that said at some time that they keep it.
    #[must_use]
    pub fn keepers(&self) -> Vec<&str> {
        self.history
            .iter()
            .filter(|entry| entry["step"] == "kept_by_relay")
            .filter_map(|entry| entry["relay"].as_str())
            .collect()
    }

    /// How it is known to be on their device: `direct` or `receipt`.
    #[must_use]
    pub fn delivered_by(&self) -> Option<&str> {
        self.history
            .iter()
            .find(|entry| entry["step"] == "delivered")?["by"]
            .as_str()
    }
}

/// Something that is stuck, as `doctor --json` names it.
#[derive(Debug, Clone, Deserialize)]
pub struct Finding {
    /// `own_relay`, `unreachable`, ...
    pub kind: String,
    /// The relay's address or the contact's id.
    pub about: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub advice: String,
}

impl Person {
    /// Where this person's own message `text` is and what happened to it.
    ///
    /// # Errors
    /// When there is no such message, or the command fails.
    pub fn ledger(&self, text: &str) -> Result<Ledger> {
        let id = self.id_of(text)?;
        Ok(serde_json::from_value(
            self.ask(&["message", "show", &id])?,
        )?)
    }

    /// The same through the local API, without the `hushwing` command.
    ///
    /// # Errors
    /// See [`ledger`](Person::ledger).
    pub fn ledger_by_api(&self, text: &str) -> Result<Ledger> {
        let id = self.id_of(text)?;
        let reply = api::command(self.dir(), &json!({ "command": "message", "id": id }))?;
        Ok(serde_json::from_value(reply)?)
    }

    fn id_of(&self, text: &str) -> Result<String> {
        let messages = self.messages()?;
        let message = messages.iter().find(|m| m.mine && m.text == text);
        let message = message.with_context(|| format!("{} wrote no {text:?}", self.name()))?;
        Ok(message.id.clone())
    }

    /// Waits until the ledger of `text` is as `wished`; returns it.
    ///
    /// # Errors
    /// When the wait takes too long.
    pub fn wait_for_ledger(
        &self,
        text: &str,
        what: &str,
        wished: impl Fn(&Ledger) -> bool,
    ) -> Result<Ledger> {
        wait::until(&format!("{text:?} to be {what}"), || {
            let ledger = self.ledger(text)?;
            Ok(if wished(&ledger) {
                Seen::Done(ledger)
            } else {
                Seen::NotYet(format!("{ledger:?}"))
            })
        })
    }

    /// All that `doctor` finds; its exit code must say whether it is anything.
    ///
    /// # Errors
    /// When the command fails, or its code and its words contradict each other.
    pub fn doctor(&self) -> Result<Vec<Finding>> {
        /// What the exit code of `doctor` says when something is stuck.
        const STUCK: i32 = 5;
        let (code, mut reply) = self.ask_with_code(&["doctor"])?;
        let findings: Vec<Finding> = serde_json::from_value(reply["findings"].take())?;
        let said = if findings.is_empty() { 0 } else { STUCK };
        ensure!(code == said, "doctor ended with {code}: {findings:?}");
        Ok(findings)
    }

    /// Waits until `doctor` has a finding that is as `wished`.
    ///
    /// # Errors
    /// When the wait takes too long.
    pub fn wait_for_finding(
        &self,
        what: &str,
        wished: impl Fn(&Finding) -> bool,
    ) -> Result<Finding> {
        let what = format!("{}'s doctor to find {what}", self.name());
        wait::until(&what, || {
            let findings = self.doctor()?;
            Ok(match findings.iter().find(|finding| wished(finding)) {
                Some(finding) => Seen::Done(finding.clone()),
                None => Seen::NotYet(format!("{findings:?}")),
            })
        })
    }

    /// Waits until `doctor` finds nothing.
    ///
    /// # Errors
    /// When the wait takes too long.
    pub fn wait_until_well(&self) -> Result<()> {
        let what = format!("{}'s doctor to find nothing", self.name());
        wait::until(&what, || {
            let findings = self.doctor()?;
            Ok(Seen::when(findings.is_empty(), findings))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger {
        serde_json::from_value(json!({
            "message": { "state": { "state": "at_relay", "stored": 1, "of": 2 } },
            "history": [
                { "at_ms": 1, "step": "written" },
                { "at_ms": 2, "step": "kept_by_relay", "relay": "hushwing-relay:one" },
                { "at_ms": 3, "step": "delivered", "by": "receipt" },
            ],
            "ways": [
                { "relay": null, "way": "unused", "reason": "kept" },
                { "relay": "hushwing-relay:one", "way": "kept" },
                { "relay": "hushwing-relay:two", "way": "waiting", "reason": "Dead.", "next_try_ms": 9 },
            ],
        }))
        .unwrap()
    }

    #[test]
    fn a_ledger_is_read_word_for_word() {
        let ledger = ledger();
        assert_eq!(ledger.state(), "at_relay");
        assert_eq!(ledger.kept_at(), Some((1, 2)));
        assert_eq!(ledger.at("hushwing-relay:one"), AtRelay::Kept);
        assert_eq!(
            ledger.at("hushwing-relay:two"),
            AtRelay::Waiting {
                reason: "Dead.".to_owned(),
                next_try_ms: 9
            }
        );
        assert_eq!(ledger.at("hushwing-relay:three"), AtRelay::Unnamed);
        assert_eq!(ledger.steps(), ["written", "kept_by_relay", "delivered"]);
        assert_eq!(ledger.keepers(), ["hushwing-relay:one"]);
        assert_eq!(ledger.delivered_by(), Some("receipt"));
        assert_eq!((ledger.reason(), ledger.next_try_ms()), (None, None));
    }
}
