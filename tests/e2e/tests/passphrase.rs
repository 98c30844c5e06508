//! The passphrase is changed while two people talk, through the real programs.

#![allow(
    clippy::unwrap_used,
    reason = "this is a test: it fails by panicking, and says what it saw"
)]

use hushwing_e2e::{
    person::{Setting, Way},
    relay::{Entrance, Relay},
    scenario::{self, Cast, Who},
    stage::{Folder, Narrator},
};

const NEW: &str = "plover tundra eggshell wharf mimic";

/// `[HW-VAULT-20]` Claim S1.
#[test]
fn the_old_passphrase_no_longer_opens_the_account_and_the_conversation_goes_on() {
    let folder = Folder::temporary().unwrap();
    let (relay, _) = Relay::start(folder.path(), Entrance::free_port().unwrap(), "info").unwrap();
    let setting = Setting {
        way: Way::Loopback,
        log_level: "info",
    };
    let mut cast = Cast::new(&folder, &setting, relay, Narrator::begin()).unwrap();
    scenario::meet(&mut cast, "Alice", "Bob").unwrap();
    let before = vec!["before the change".to_owned()];
    cast.write(Who::Alice, &before[0]).unwrap();
    cast.alice.wait_for_state(&before, "delivered").unwrap();

    let old = cast.alice.passphrase().to_owned();
    let kept = folder.path().join("backup");
    cast.alice.back_up(&kept).unwrap();
    cast.alice.change_passphrase(NEW).unwrap();
    // What opens with the old one goes on to do so; what is made now opens with the new one.
    cast.alice.back_up(&folder.path().join("another")).unwrap();
    let refused = cast.alice.check_backup(&kept).unwrap_err().to_string();
    assert!(refused.contains("wrong_passphrase"), "{refused}");

    let meanwhile = vec!["written after the change".to_owned()];
    cast.write(Who::Alice, &meanwhile[0]).unwrap();
    cast.alice.wait_for_state(&meanwhile, "delivered").unwrap();

    // Locked, and again from nothing: killed, so that nothing is tidied up.
    for killed in [false, true] {
        if killed {
            cast.alice.crash().unwrap();
            cast.alice.start_daemon().unwrap();
        } else {
            cast.alice.lock().unwrap();
        }
        let (code, told) = cast.alice.try_to_unlock(&old).unwrap();
        assert_eq!((code, &told["code"]), (4, &"wrong_passphrase".into()));
        let (code, _) = cast.alice.try_to_unlock(NEW).unwrap();
        assert_eq!(code, 0);
    }
    let answer = vec!["and the answer comes".to_owned()];
    cast.write(Who::Bob, &answer[0]).unwrap();
    cast.bob.wait_for_state(&answer, "delivered").unwrap();
    cast.compare_transcripts().unwrap();
    cast.leave().unwrap();
}
