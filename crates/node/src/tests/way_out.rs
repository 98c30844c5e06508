//! A program without Tor says so, open and locked: nobody may take it for one that hides them.

use hushwing_engine::view::VaultState;

use super::*;

/// `[HW-API-23]`
#[tokio::test(flavor = "multi_thread")]
async fn a_program_without_tor_says_so_open_and_locked() {
    let stage = Stage::open().await;
    for state in [VaultState::Open, VaultState::Locked] {
        let Ok(Reply::Status(status)) = stage.call(Command::Status).await else {
            panic!("the status was asked for");
        };
        assert_eq!(status.vault, state);
        assert!(status.without_tor);
        stage.done(Command::Lock).await;
    }
}
