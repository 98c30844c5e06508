//! An account that nobody uses locks itself.

use hushwing_engine::view::{ErrorCode, Event, SettingsView, VaultState};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

impl Stage {
    async fn settings(&self, lock_after_minutes: Option<u32>) -> SettingsView {
        let command = Command::Settings {
            read_reports: None,
            relays_told: None,
            lock_after_minutes,
        };
        match self.call(command).await {
            Ok(Reply::Settings(settings)) => settings,
            other => panic!("{other:?}"),
        }
    }

    /// By what no one has to be there for.
    async fn is_open(&self) -> bool {
        match self.call(Command::Status).await {
            Ok(Reply::Status(status)) => status.vault == VaultState::Open,
            other => panic!("{other:?}"),
        }
    }

    /// The core has seen where the clock is, as often as it looks.
    async fn let_time_pass(&self, time: Duration) {
        self.pass(time);
        // Each answer comes after a turn of the core.
        for _ in 0..3 {
            self.call(Command::Status).await.unwrap();
        }
    }
}

/// `[HW-VAULT-24]`
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_nobody_uses_locks_itself_and_tells() {
    let stage = Stage::open().await;
    assert_eq!(stage.settings(Some(10)).await.lock_after_minutes, 10);
    let mut events = stage.node.events();
    for _ in 0..9 {
        stage.let_time_pass(MINUTE).await;
    }
    stage.let_time_pass(MINUTE - Duration::from_secs(1)).await;
    assert!(stage.is_open().await, "the last second is not over");
    // By itself: nothing asks.
    stage.pass(Duration::from_secs(1));
    let told = async {
        // The network's state may be told meanwhile.
        loop {
            if let Event::Vault { vault } = events.recv().await.unwrap() {
                return vault;
            }
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(60), told).await;
    assert_eq!(told.expect("it locks by itself"), VaultState::Locked);
    let error = stage.refused(Command::Contacts).await;
    assert_eq!(error.code, ErrorCode::Locked);
    // Opened again, the setting is there and the time begins anew.
    stage.done(unlock(RIGHT)).await;
    assert!(stage.is_open().await);
    assert_eq!(stage.settings(None).await.lock_after_minutes, 10);
    stage.let_time_pass(9 * MINUTE).await;
    assert!(stage.is_open().await);
    stage.let_time_pass(MINUTE).await;
    assert!(!stage.is_open().await);
    stage.node.shutdown().await;
}

/// `[HW-VAULT-24]`
#[tokio::test(flavor = "multi_thread")]
async fn a_command_puts_it_off_and_one_that_comes_too_late_finds_it_locked() {
    let stage = Stage::open().await;
    stage.settings(Some(10)).await;
    for _ in 0..5 {
        stage.let_time_pass(9 * MINUTE).await;
        assert!(stage.call(Command::Contacts).await.is_ok());
    }
    // In one leap, as when the machine has slept: the command is the first that comes.
    stage.pass(10 * MINUTE);
    let error = stage.refused(Command::Contacts).await;
    assert_eq!(error.code, ErrorCode::Locked);
    stage.node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_it_never_does() {
    let stage = Stage::open().await;
    assert_eq!(stage.settings(None).await.lock_after_minutes, 0);
    stage.let_time_pass(100_000 * MINUTE).await;
    assert!(stage.is_open().await);
    stage.settings(Some(10_080)).await;
    let command = Command::Settings {
        read_reports: None,
        relays_told: None,
        lock_after_minutes: Some(10_081),
    };
    assert_eq!(stage.refused(command).await.code, ErrorCode::BadInput);
    assert_eq!(stage.settings(Some(0)).await.lock_after_minutes, 0);
    stage.let_time_pass(100_000 * MINUTE).await;
    assert!(stage.is_open().await);
    stage.node.shutdown().await;
}
