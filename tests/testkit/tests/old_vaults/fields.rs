//! The names of all fields of all rows, frozen for each format: a field that an older program
//! of the same format does not know is dropped by it when it writes the row again, and with it
//! what rests on the field. `[HW-VAULT-8]`

use std::{collections::BTreeSet, env, fmt::Write as _, fs, path::Path};

use ciborium::Value;
use hushwing_engine::view::{Command, InvitePolicy};
use hushwing_protocol::store::{Order, Store as _, Table, guarded};
use hushwing_testkit::{PersonId, World};
use hushwing_vault::FORMAT;

/// The tables whose rows are maps of fields; those of the MLS library (0) are its own.
const TABLES: std::ops::RangeInclusive<u8> = 1..=127;

/// Something of everything that rows hold.
fn of_everything() -> World {
    let mut world = super::a_vaults_worth();
    let (alice, bob) = (world.person(0), world.person(1));
    world.direct_works = true;
    for number in 0..world.relays() {
        world.relay(number).up = true;
    }
    world.run_for(600_000);
    let to_alice = world.contacts(bob)[0].id.clone();
    let to_bob = world.contacts(alice)[0].id.clone();
    // An answer to an invite that asks, and one that is on its way.
    let asks = world.invite_with(alice, InvitePolicy::Ask).link;
    world.run_for(60_000);
    world.redeem(bob, &asks);
    world.run_for(600_000);
    let other = world.invite(alice).link;
    world.redeem(bob, &other);
    let rename = Command::ContactRename {
        contact: to_bob.clone(),
        name: "my own name for him".to_owned(),
    };
    world.call(alice, rename);
    let change = Command::ChangeIdentity {
        contact: to_bob.clone(),
    };
    world.call(alice, change);
    world.run_for(3_600_000);
    let verify = Command::Verify {
        contact: to_alice.clone(),
        by: hushwing_engine::view::Comparison::Emoji,
    };
    world.call(bob, verify);
    world.send(bob, &to_alice, "and answered");
    world.run_for(600_000);
    // What is under way: requests for new keys, another identity, texts, and a block.
    world.direct_works = false;
    for number in 0..world.relays() {
        world.relay(number).up = false;
    }
    let contact = to_alice.clone();
    world.call(bob, Command::ChangeIdentity { contact });
    let contact = to_bob.clone();
    world.call(alice, Command::Repair { contact });
    world.send(alice, &to_bob, "waits");
    world.send(bob, &to_alice, "waits too");
    world.call(bob, Command::ContactBlock { contact: to_alice });
    world
}

fn fields_of(value: &Value, path: &str, fields: &mut BTreeSet<String>) {
    match value {
        Value::Map(entries) => {
            for (key, value) in entries {
                let name = key.as_text().unwrap_or("*");
                let path = format!("{path}.{name}");
                fields.insert(path.clone());
                fields_of(value, &path, fields);
            }
        }
        Value::Array(values) => {
            let path = format!("{path}[]");
            for value in values {
                fields_of(value, &path, fields);
            }
        }
        _ => {}
    }
}

fn fields() -> String {
    let world = of_everything();
    let mut fields = BTreeSet::new();
    for who in [0, 1].map(|number| -> PersonId { world.person(number) }) {
        for table in TABLES.map(Table) {
            let rows = world
                .store(who)
                .scan(table, &[], None, Order::Ascending, usize::MAX);
            for (key, row) in rows.unwrap() {
                let Ok(row) = guarded(table, &key, &row, "a row") else {
                    continue;
                };
                if let Ok(value) = ciborium::from_reader::<Value, _>(row) {
                    fields_of(&value, &format!("{:03}", table.0), &mut fields);
                }
            }
        }
    }
    fields.into_iter().fold(String::new(), |mut text, field| {
        let _ = writeln!(text, "{field}");
        text
    })
}

#[test]
fn a_field_that_is_new_or_gone_is_a_new_format() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../crates/vault/tests/old")
        .join(format!("fields-{FORMAT}.txt"));
    let now = fields();
    if !file.exists() && env::var_os("BLESS").is_some() {
        fs::write(&file, &now).unwrap();
    }
    let then = fs::read_to_string(&file).unwrap_or_default();
    let [then, now] = [&then, &now].map(|text| text.lines().collect::<BTreeSet<_>>());
    let new: Vec<_> = now.difference(&then).collect();
    let gone: Vec<_> = then.difference(&now).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "rows of format {FORMAT} have other fields than it had, new: {new:?}, gone: {gone:?}. Add a \
         step to crates/vault/src/schema.rs, keep a vault of the format before (main.rs here tells \
         how), and have this test write the fields of the new one with BLESS=1."
    );
    assert!(now.len() > 100, "the rows were read: {}", now.len());
}
