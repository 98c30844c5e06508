//! What is stuck, why, and what to do about it; and the whole way of one message.

use hushwing_protocol::{Ctx, store::StoreError};
use hushwing_wire::RelayAddress;

use crate::{
    Engine, limits,
    outbox::{NO_POLICY, Way},
    rows::{ContactId, ContactRow, Meeting, OutId, OutRow, Owner, Progress, Rows},
    view::{
        DeliveryPolicy, Finding, FindingKind, InviteState, LedgerView, NetworkView, RelayRole,
        RelayState, WayState, WayView,
    },
    views,
};

impl Engine {
    /// Where a message is and what happened to it.
    pub(crate) fn ledger_view(
        &self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        position: u64,
    ) -> Result<Option<LedgerView>, StoreError> {
        let Some(message) = self.message_view(ctx, contact, position)? else {
            return Ok(None);
        };
        let rows = Rows(ctx.store);
        let ways = match rows.message(contact, position)?.map(|row| row.progress) {
            Some(Progress::Sealed { generation, number }) => {
                self.ways_of(ctx, &OutId::Box(*contact, generation, number))?
            }
            _ => Vec::new(),
        };
        Ok(Some(LedgerView {
            message,
            history: rows.ledger(contact, position)?,
            ways,
        }))
    }

    fn ways_of(&self, ctx: &Ctx<'_>, id: &OutId) -> Result<Vec<WayView>, StoreError> {
        let Some(row) = Rows(ctx.store).readable_out(id)? else {
            return Ok(Vec::new());
        };
        if self.is_silent_for(&id.owner()) {
            return Ok(self.ways_to_blocked(id, &row));
        }
        let attempt = self.attempts.get(id);
        let flies = |way: &Way| attempt.is_some_and(|attempt| attempt.in_flight.contains(way));
        let waiting = |way: &Way, not_before_ms: u64| WayState::Waiting {
            reason: attempt
                .and_then(|attempt| attempt.errors.get(way).cloned())
                .unwrap_or_else(|| "It is about to be tried.".to_owned()),
            next_try_ms: attempt
                .map(|attempt| attempt.next_try_ms.max(not_before_ms))
                .filter(|at| *at != u64::MAX)
                .unwrap_or(0),
        };
        let has_direct = self
            .routes
            .get(&id.owner())
            .is_some_and(|routes| routes.direct.is_some());
        let direct = if flies(&Way::Direct) {
            WayState::Trying
        } else if self.delivery == DeliveryPolicy::RelayOnly {
            unused("Messages go to relays only, as you have set.")
        } else if !has_direct {
            unused("They have not said how to reach their device.")
        } else if !row.stored_at.is_empty() {
            unused("A relay keeps it; their device collects it there.")
        } else {
            let rest_until_ms = match id {
                OutId::Box(contact, ..) => self.direct.get(contact),
                _ => None,
            }
            .map_or(0, |health| health.rest_until_ms);
            waiting(&Way::Direct, rest_until_ms)
        };
        let mut ways = vec![WayView {
            relay: None,
            state: direct,
        }];
        for relay in self.relays_for(id) {
            let state = if row.stored_at.contains(&relay) {
                WayState::Kept
            } else if flies(&Way::Relay(relay.clone())) {
                WayState::Trying
            } else {
                waiting(&Way::Relay(relay.clone()), 0)
            };
            ways.push(WayView {
                relay: Some(relay.to_string()),
                state,
            });
        }
        Ok(ways)
    }

    fn ways_to_blocked(&self, id: &OutId, row: &OutRow) -> Vec<WayView> {
        let way = |relay: Option<&RelayAddress>| WayView {
            relay: relay.map(ToString::to_string),
            state: match relay {
                Some(relay) if row.stored_at.contains(relay) => WayState::Kept,
                _ => unused("You block this contact."),
            },
        };
        let relays = self.relays_for(id);
        std::iter::once(None)
            .chain(relays.iter().map(Some))
            .map(way)
            .collect()
    }

    /// Everything that is stuck, worst first.
    ///
    /// # Errors
    /// [`StoreError`] when the vault cannot be read.
    pub fn findings(&self, ctx: &Ctx<'_>) -> Result<Vec<Finding>, StoreError> {
        let mut findings = Vec::new();
        self.look_at_network(&mut findings);
        self.look_at_relays(&mut findings);
        self.look_at_damage(ctx, &mut findings)?;
        self.look_at_requests(&mut findings);
        for (contact, row) in Rows(ctx.store).contacts()? {
            if self.damaged.contains_key(&contact) {
                continue;
            }
            let known = findings.len();
            match self.look_at_contact(ctx, &contact, &row, &mut findings) {
                Ok(()) => {}
                // Found just now; the next step that needs it mends it.
                Err(StoreError::Damaged(what)) => {
                    findings.truncate(known);
                    findings.push(damaged(Some(views::hex(&contact.0)), what));
                }
                Err(error) => return Err(error),
            }
        }
        for (invite, row) in Rows(ctx.store).invites()? {
            let about = Some(views::hex(invite.as_bytes()));
            let Some(row) = row.filter(|_| !self.damaged_invites.contains(&invite)) else {
                findings.push(Finding {
                    advice: "Revoke it with 'hushwing invite revoke' and make a new one."
                        .to_owned(),
                    ..damaged(about, "an invite of yours")
                });
                continue;
            };
            if row.state == InviteState::Publishing {
                findings.push(Finding {
                    kind: FindingKind::Invite,
                    about,
                    what: "An invite is not at any relay yet; nobody can use it.".to_owned(),
                    advice: "It goes there as soon as one of your relays answers.".to_owned(),
                    since_ms: None,
                });
            }
        }
        if self.drops_given_up > 0 {
            findings.push(Finding {
                kind: FindingKind::Limit,
                about: None,
                what: format!(
                    "{} read boxes were left at relays instead of being deleted there.",
                    self.drops_given_up
                ),
                advice: "Nothing is lost: the oldest stay there, unreadable, until they expire."
                    .to_owned(),
                since_ms: None,
            });
        }
        findings.sort_by_key(|finding| finding.kind);
        Ok(findings)
    }

    fn look_at_damage(&self, ctx: &Ctx<'_>, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
        if self.delivery_is_damaged {
            findings.push(Finding {
                advice: NO_POLICY.to_owned(),
                ..damaged(None, "your choice of ways")
            });
        }
        for (contact, reason) in &self.damaged {
            findings.push(Finding {
                advice: reason.clone(),
                ..damaged(Some(views::hex(&contact.0)), "what belongs to a contact")
            });
        }
        for contact in Rows(ctx.store).contact_ids()? {
            let newest = Rows(ctx.store).messages(&contact, None, limits::MAX_READ as usize)?;
            let count = newest.iter().filter(|(_, row)| row.is_none()).count();
            if count > 0 {
                findings.push(Finding {
                    advice: "'hushwing read' shows which. Ask for them to be sent again, or send \
                             them again."
                        .to_owned(),
                    what: format!("{count} of the newest messages here are damaged."),
                    ..damaged(Some(views::hex(&contact.0)), "messages")
                });
            }
        }
        Ok(())
    }

    fn look_at_requests(&self, findings: &mut Vec<Finding>) {
        if self.requests.len() < limits::MAX_OPEN_REQUESTS {
            return;
        }
        findings.push(Finding {
            kind: FindingKind::Limit,
            about: None,
            what: format!(
                "{} requests wait for your decision, which is the limit: more are not fetched.",
                limits::MAX_OPEN_REQUESTS
            ),
            advice: "Look at them with 'hushwing requests' and accept, refuse or block some. What \
                     waits at relays is fetched then."
                .to_owned(),
            since_ms: None,
        });
    }

    fn look_at_network(&self, findings: &mut Vec<Finding>) {
        let (what, advice) = match &self.network {
            NetworkView::Ready => return,
            NetworkView::Off => (
                "The network is switched off.".to_owned(),
                "It starts when the vault is opened.",
            ),
            NetworkView::Starting { stage, percent } => (
                format!("Tor is starting ({percent} %): {stage}"),
                "This can take a minute.",
            ),
            NetworkView::Blocked { reason } => (
                reason.clone(),
                "Check this machine's connection. Everything waits and goes out afterwards.",
            ),
        };
        findings.push(Finding {
            kind: FindingKind::Network,
            about: None,
            what,
            advice: advice.to_owned(),
            since_ms: None,
        });
    }

    fn look_at_relays(&self, findings: &mut Vec<Finding>) {
        let ours = &self.ours.list;
        if ours.is_empty() {
            findings.push(Finding {
                kind: FindingKind::NoRelay,
                about: None,
                what: "You use no relay: nobody can leave mail while you are offline.".to_owned(),
                advice: "Add one with 'hushwing relay add ADDRESS'.".to_owned(),
                since_ms: None,
            });
        }
        for (relay, (state, since_ms)) in &self.health {
            let RelayState::Unreachable { reason } = state else {
                continue;
            };
            let is_ours = ours.contains(relay);
            // The relays of an invite that was used are nobody's any more.
            let is_theirs = self.routes.iter().any(|(owner, routes)| {
                matches!(owner, Owner::Contact(_))
                    && !self.is_silent_for(owner)
                    && routes.relays.contains(relay)
            });
            let rests = self.relay_view(relay).role == RelayRole::Resting;
            let (kind, what, advice) = if is_ours && rests {
                (
                    FindingKind::OwnRelay,
                    "A relay of yours does not answer and rests",
                    "Your contacts leave mail at your other relays, and this one is tried on. It \
                     is used again when it answers steadily. If it is gone for good, remove it.",
                )
            } else if is_ours {
                (
                    FindingKind::OwnRelay,
                    "A relay of yours does not answer",
                    "Mail goes by your other relays. If it is gone for good, add another and \
                     then remove it: your contacts are told.",
                )
            } else if is_theirs {
                (
                    FindingKind::TheirRelay,
                    "A relay of a contact does not answer",
                    "Messages go by the contact's other relays, or straight to the device.",
                )
            } else {
                continue;
            };
            findings.push(Finding {
                kind,
                about: Some(relay.to_string()),
                what: format!("{what}: {reason}"),
                advice: advice.to_owned(),
                since_ms: Some(*since_ms),
            });
        }
    }

    fn look_at_contact(
        &self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        row: &ContactRow,
        findings: &mut Vec<Finding>,
    ) -> Result<(), StoreError> {
        if matches!(row.meeting, Meeting::Failed { .. }) {
            return Ok(());
        }
        let mut push = |kind, what: String, advice: &str, since_ms| {
            findings.push(Finding {
                kind,
                about: Some(views::hex(&contact.0)),
                what,
                advice: advice.to_owned(),
                since_ms,
            });
        };
        if self.blocked.contains(contact) {
            let waiting = self.waiting_for(ctx, contact)?.len();
            if waiting > 0 {
                push(
                    FindingKind::Held,
                    format!("{waiting} messages wait because you block this contact."),
                    "Those that a relay keeps already cannot be taken back. The others go out when \
                     you unblock it; what is not encrypted yet can be given up.",
                    None,
                );
            }
            return Ok(());
        }
        let view = views::contact_view(ctx, contact, row)?;
        if let Some(repair) = &row.repair {
            push(
                FindingKind::Repairing,
                "The keys of this conversation are being made anew.".to_owned(),
                if ctx.now_ms.saturating_sub(repair.since_ms) < limits::REPAIR_LONG_MS {
                    "Your messages wait and go out when the other side has come online."
                } else {
                    "Your messages wait and go out when the other side has come online. If you \
                     restored a backup from before you took another identity for this contact, \
                     or from before two such changes, nobody believes it any more: meet again \
                     with a new invite."
                },
                Some(repair.since_ms),
            );
        }
        if let Some(succeeding) = &row.succeeding {
            push(
                FindingKind::Succeeding,
                "Your other identity is on its way to this contact.".to_owned(),
                "It takes effect when the other side has come online; your messages go out \
                 meanwhile.",
                Some(succeeding.since_ms),
            );
        }
        if view.missing > 0 {
            push(
                FindingKind::Missing,
                format!(
                    "{} of their messages or receipts are missing here.",
                    view.missing
                ),
                "They were asked for; they come when the other side is online.",
                None,
            );
        }
        if let Some(reason) = self.held.get(contact) {
            push(
                FindingKind::Held,
                reason.clone(),
                "Nothing to do but wait for them.",
                None,
            );
        }
        let rows = Rows(ctx.store);
        let boxes = rows.boxes_to(contact)?;
        let nowhere = boxes
            .iter()
            .filter(|(_, out)| out.message.is_some() && out.stored_at.is_empty())
            .count();
        let kept = boxes
            .iter()
            .filter(|(_, out)| out.message.is_some() && !out.stored_at.is_empty())
            .count();
        let unsealed = rows.unsealed(contact, limits::MAX_UNSEALED)?.len();
        if nowhere > 0 {
            push(
                FindingKind::Unreachable,
                format!(
                    "{nowhere} messages are on this machine only: no way to this contact works."
                ),
                "They are tried again by themselves; 'hushwing retry' tries at once. If all \
                 relays that you both know are gone, ask for a route record.",
                None,
            );
        }
        if kept > 0 {
            push(
                FindingKind::Undelivered,
                format!("{kept} messages wait at relays until this contact comes online."),
                "Nothing to do.",
                None,
            );
        }
        if unsealed >= limits::MAX_UNSEALED {
            push(
                FindingKind::Limit,
                "No more messages to this contact are taken: 1,000 wait.".to_owned(),
                "They go out when the contact has answered.",
                None,
            );
        }
        Ok(())
    }
}

fn damaged(about: Option<String>, what: &str) -> Finding {
    Finding {
        kind: FindingKind::Damaged,
        about,
        what: format!("Something in your account is damaged: {what}."),
        advice: "It is made anew as soon as it is needed.".to_owned(),
        since_ms: None,
    }
}

fn unused(reason: &str) -> WayState {
    WayState::Unused {
        reason: reason.to_owned(),
    }
}
