//! Asking, refusing and blocking through the command line, over a relay at
//! 127.0.0.1: product row B5.

use anyhow::{Context as _, Result, ensure};
use hushwing_e2e::{
    person::{Person, Setting, Way},
    relay::{Entrance, Relay},
    stage::{self, Folder},
    wait::{self, Seen},
};
use serde_json::Value;

#[test]
fn a_request_waits_for_a_decision_and_a_blocked_contact_meets_silence() {
    play().unwrap_or_else(|why| panic!("{why:?}"));
}

fn play() -> Result<()> {
    let folder = Folder::temporary()?;
    let (mut relay, _) = Relay::start(folder.path(), Entrance::free_port()?, "info")?;
    let setting = Setting {
        way: Way::Loopback,
        log_level: "info",
    };
    let mut alice = Person::new("Alice", folder.path(), setting.clone())?;
    let mut bob = Person::new("Bob", folder.path(), setting.clone())?;
    let mut eve = Person::new("Eve", folder.path(), setting)?;
    for person in [&mut alice, &mut bob, &mut eve] {
        person.come_online_fully()?;
        person.add_relay(relay.address())?;
    }

    // Eve is refused and hears nothing.
    eve.redeem(&invite_that_asks(&alice)?, "Eve")?;
    let request = first_request(&alice, "Eve")?;
    ensure!(
        alice.contacts()?.is_empty(),
        "a request made a contact by itself"
    );
    alice.ask(&["request", "refuse", &request])?;
    ensure!(requests(&alice)?.is_empty(), "the request is still there");
    eve.wait_for_phase("requested")?;

    // Bob is accepted, and both can write.
    bob.redeem(&invite_that_asks(&alice)?, "Bob")?;
    let request = first_request(&alice, "Bob")?;
    alice.ask(&["request", "accept", &request])?;
    let met = alice.wait_for_phase("established")?;
    bob.wait_for_phase("established")?;
    bob.send("hello Alice")?;
    bob.wait_for_delivery("hello Alice")?;

    // Blocked, what he writes stays at the relay, and she cannot write either.
    alice.ask(&["contact", "block", &met.id])?;
    bob.send("are you there?")?;
    bob.wait_for_some(&["are you there?".to_owned()], "at_relay")?;
    ensure!(
        alice.send("no").is_err(),
        "a blocked contact was written to"
    );
    ensure!(alice.messages()?.len() == 1, "something came in");

    // Unblocked, nothing is lost.
    alice.ask(&["contact", "unblock", &met.id])?;
    bob.wait_for_delivery("are you there?")?;
    alice.send("here again")?;
    alice.wait_for_delivery("here again")?;
    let phase = eve.wait_for_phase("requested")?;
    ensure!(
        phase.safety_number.is_none(),
        "Eve heard something: {phase:?}"
    );

    for person in [&mut alice, &mut bob, &mut eve] {
        person.go_offline()?;
    }
    relay.stop()?;
    stage::require_nobody_left(&folder)
}

/// The link of an invite that asks and can be redeemed.
fn invite_that_asks(person: &Person) -> Result<String> {
    let created = person.ask(&["invite", "create", "--ask"])?;
    wait::until("the invite to wait at the relay", || {
        let list = person.ask(&["invite", "list"])?;
        let invites = list["invites"].as_array().context("no invites")?;
        let invite = invites.iter().find(|invite| invite["id"] == created["id"]);
        let state = invite.context("the invite is gone")?["state"].clone();
        Ok(Seen::when(state == "ready", state))
    })?;
    Ok(created["link"].as_str().context("no link")?.to_owned())
}

fn requests(person: &Person) -> Result<Vec<Value>> {
    let reply = person.ask(&["requests"])?;
    Ok(reply["requests"].as_array().context("no requests")?.clone())
}

/// The id of the only request, which must say that it is from `name`.
fn first_request(person: &Person, name: &str) -> Result<String> {
    let request = wait::until("a request to arrive", || {
        Ok(match requests(person)?.pop() {
            Some(request) => Seen::Done(request),
            None => Seen::NotYet("no request".to_owned()),
        })
    })?;
    ensure!(request["name"] == name, "it says otherwise: {request}");
    Ok(request["id"].as_str().context("no id")?.to_owned())
}
