//! Wrong passphrases, through the core.

use hushwing_engine::view::{BackupKey, ErrorCode};

use super::*;

fn salvage() -> Command {
    Command::VaultSalvage {
        passphrase: secret(RIGHT),
    }
}

fn change(present: &str) -> Command {
    Command::PassphraseChange {
        present: secret(present),
        new: secret("another passphrase"),
    }
}

impl Stage {
    fn backup(&self, name: &str, passphrase: &str, key: BackupKey) -> Command {
        let file = self.dir.path().join(name);
        Command::BackupCreate {
            file: file.to_str().unwrap().to_owned(),
            passphrase: secret(passphrase),
            key,
        }
    }

    async fn is_too_soon(&self, command: Command, seconds: u64) {
        let error = self.refused(command).await;
        assert_eq!(error.code, ErrorCode::TooSoon, "{error}");
        assert_eq!(error.retry_after_s, Some(seconds));
        assert!(error.message.contains("was not tried"), "{error}");
    }

    async fn is_wrong(&self, command: Command) {
        let error = self.refused(command).await;
        assert_eq!(error.code, ErrorCode::WrongPassphrase, "{error}");
        assert_eq!(error.retry_after_s, None);
    }
}

/// `[HW-VAULT-22]` Claim S1.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_passphrases_have_to_wait_whatever_they_are_given_for() {
    let stage = Stage::open().await;
    // While it is open: a change and a backup count together.
    stage.is_wrong(change("wrong")).await;
    stage
        .is_wrong(stage.backup("one", "wrong", BackupKey::Account))
        .await;
    stage.is_wrong(change("wrong")).await;
    stage.is_too_soon(change(RIGHT), 1).await;
    stage
        .is_too_soon(stage.backup("one", RIGHT, BackupKey::Account), 1)
        .await;
    // A passphrase of its own tells nothing of the account's.
    let own = stage.backup("own", "whatever", BackupKey::Own);
    assert!(stage.call(own).await.is_ok());
    // A lock does not begin anew.
    stage.done(Command::Lock).await;
    stage.is_too_soon(unlock(RIGHT), 1).await;
    stage.is_too_soon(salvage(), 1).await;
    stage.pass(Duration::from_secs(1));
    stage.is_wrong(unlock("wrong")).await;
    stage.is_too_soon(unlock(RIGHT), 2).await;
    stage.pass(Duration::from_millis(1_500));
    stage.is_too_soon(unlock(RIGHT), 1).await;
    stage.pass(Duration::from_millis(500));
    stage.done(unlock(RIGHT)).await;
    // The right one has begun anew.
    for _ in 0..3 {
        stage.is_wrong(change("wrong")).await;
    }
    stage.is_too_soon(change(RIGHT), 1).await;
    stage.pass(Duration::from_secs(1));
    stage.done(change(RIGHT)).await;
    stage.node.shutdown().await;
}

/// A command that waits its turn was refused, not delayed: others go on at once.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_to_wait_holds_up_nobody_else() {
    let stage = Stage::open().await;
    for _ in 0..3 {
        stage.is_wrong(change("wrong")).await;
    }
    stage.is_too_soon(change(RIGHT), 1).await;
    assert!(stage.call(Command::Contacts).await.is_ok());
    stage.node.shutdown().await;
}
