//! What arti says, in plain words and in this workspace's types. No address
//! and no relay is ever part of the words.

use std::io::ErrorKind as IoKind;

use arti_client::{
    ErrorKind,
    status::{BlockageKind, BootstrapStatus},
};
use hushwing_transport::DialError;

/// What a failed dial says about our own side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suspicion {
    /// Nothing: it was theirs.
    None,
    /// The network may be gone.
    Possible,
    /// Arti itself says that no relay can be reached.
    Strong,
}

/// Sorts a dial that failed in arti.
pub(crate) fn dial_error(kind: ErrorKind) -> (DialError, Suspicion) {
    use ErrorKind as K;
    let down = |reason: &str| DialError::NetworkDown {
        reason: reason.to_owned(),
    };
    let broken = |what| DialError::Broken { what };
    match kind {
        K::TorAccessFailed | K::LocalNetworkError => (down(NO_RELAY), Suspicion::Strong),
        K::BootstrapRequired | K::ArtiShuttingDown | K::ReactorShuttingDown => {
            (down(RESTARTING), Suspicion::Possible)
        }
        K::DirectoryExpired | K::TorDirectoryUnusable | K::NoPath => {
            (down(NO_PATH), Suspicion::Possible)
        }
        K::NoExit => (down("Tor has no exit for this port"), Suspicion::None),
        K::ClockSkew => (down(CLOCK), Suspicion::Possible),
        K::SoftwareDeprecated => (down(TOO_OLD), Suspicion::None),

        K::OnionServiceNotFound
        | K::OnionServiceNotRunning
        | K::OnionServiceConnectionFailed
        | K::RemoteNetworkFailed => (DialError::PeerOffline, Suspicion::None),
        K::RemoteConnectionRefused
        | K::RemoteStreamClosed
        | K::RemoteStreamReset
        | K::RemoteStreamError
        | K::ExitPolicyRejected
        | K::RelayTooBusy
        | K::OnionServiceMissingClientAuth
        | K::OnionServiceWrongClientAuth => (DialError::Refused, Suspicion::None),
        K::RemoteHostNotFound | K::RemoteHostResolutionFailed => {
            (DialError::NoSuchHost, Suspicion::None)
        }

        // Who was slow cannot be told from here.
        K::TorNetworkTimeout
        | K::RemoteNetworkTimeout
        | K::ExitTimeout
        | K::CircuitCollapse
        | K::CircuitRefused
        | K::TransientFailure => (DialError::TimedOut, Suspicion::Possible),

        K::ForbiddenStreamTarget | K::InvalidStreamTarget => (
            DialError::Forbidden {
                rule: "this address is not reachable through Tor",
            },
            Suspicion::None,
        ),
        K::OnionServiceProtocolViolation | K::OnionServiceAddressInvalid => (
            broken("the onion service breaks the rules of Tor"),
            Suspicion::None,
        ),
        K::TorProtocolViolation | K::RemoteProtocolViolation | K::RelayIdMismatch => (
            broken("a relay on the way breaks the rules of Tor"),
            Suspicion::Possible,
        ),
        _ => (
            broken("Tor reported an error that it does not explain"),
            Suspicion::Possible,
        ),
    }
}

const NO_RELAY: &str = "no relay of the Tor network can be reached";
const NO_PATH: &str = "Tor has no usable list of relays at the moment";
const CLOCK: &str = "this machine's clock is wrong, so Tor does not work";
const TOO_OLD: &str = "this version is too old for the Tor network";
pub(crate) const RESTARTING: &str = "Tor is being restarted";
pub(crate) const NO_CIRCUIT: &str = "Tor relays do not answer, so no connection could be built";
pub(crate) const NO_PROGRESS: &str = "connecting to Tor makes no progress";
pub(crate) const STOPPED: &str = "Tor was shut down";

/// Why every connection to a relay failed.
pub(crate) fn no_relay(error: IoKind) -> String {
    let how = match error {
        IoKind::ConnectionRefused => "connections are refused",
        IoKind::NetworkUnreachable | IoKind::HostUnreachable | IoKind::NetworkDown => {
            "this machine seems to be offline"
        }
        IoKind::AddrNotAvailable => "this machine has no network address",
        IoKind::TimedOut => "nobody answers",
        IoKind::PermissionDenied => "this machine does not permit it",
        _ => "connections fail",
    };
    format!("{NO_RELAY}: {how}")
}

/// Why a client could not be made, or did not come up.
pub(crate) fn client_failed(kind: ErrorKind) -> String {
    use ErrorKind as K;
    match kind {
        K::TorAccessFailed | K::LocalNetworkError => NO_RELAY,
        K::TorNetworkTimeout | K::RemoteNetworkTimeout => NO_CIRCUIT,
        K::LocalResourceAlreadyInUse => "another program uses this folder for Tor",
        K::FsPermissions => "other users of this machine may change the folder for Tor",
        K::PersistentStateAccessFailed | K::CacheAccessFailed => {
            "the folder for Tor cannot be read or written"
        }
        K::PersistentStateCorrupted | K::CacheCorrupted => "the folder for Tor is damaged",
        K::NoPath | K::NoExit | K::DirectoryExpired | K::TorDirectoryUnusable => NO_PATH,
        K::TorDirectoryError | K::TorDocumentRejected => {
            "the list of Tor relays cannot be downloaded"
        }
        K::ClockSkew => CLOCK,
        K::SoftwareDeprecated => TOO_OLD,
        K::ReactorShuttingDown | K::ArtiShuttingDown => RESTARTING,
        _ => "Tor could not be started",
    }
    .to_owned()
}

/// What arti itself believes to be in the way, if anything.
pub(crate) fn blockage(status: &BootstrapStatus) -> Option<String> {
    let words = match status.blocked()?.kind() {
        // It was not told to start yet, which happens a moment later.
        BlockageKind::Disabled => return None,
        BlockageKind::Offline => NO_RELAY,
        BlockageKind::Filtering => {
            "connections to Tor relays open but carry nothing; they may be filtered"
        }
        BlockageKind::ClockSkewed => CLOCK,
        BlockageKind::CantBootstrap => "the list of Tor relays cannot be downloaded",
        _ => NO_CIRCUIT,
    };
    Some(words.to_owned())
}

/// What is being done. Arti tells it by a line for people only, so a line that
/// is not known here is passed on as it is.
pub(crate) fn stage(status: &BootstrapStatus) -> String {
    const STAGES: [(&str, &str); 7] = [
        ("waiting to be told", "starting Tor"),
        (
            "connecting to the internet",
            "connecting to the Tor network",
        ),
        ("handshaking", "connecting to the Tor network"),
        ("a consensus", "downloading the list of relays"),
        ("certificates", "checking the list of relays"),
        ("microdescriptors", "downloading the descriptions of relays"),
        ("is usable", "building circuits"),
    ];
    let line = status.to_string();
    match STAGES.iter().find(|(theirs, _)| line.contains(theirs)) {
        Some((_, ours)) => (*ours).to_owned(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use arti_client::{ErrorKind, status::BootstrapStatus};
    use hushwing_transport::DialError;

    use super::{Suspicion, blockage, client_failed, dial_error, no_relay, stage};

    #[test]
    fn our_own_trouble_is_never_blamed_on_the_peer() {
        for kind in [
            ErrorKind::TorAccessFailed,
            ErrorKind::LocalNetworkError,
            ErrorKind::BootstrapRequired,
            ErrorKind::NoPath,
        ] {
            let (error, suspicion) = dial_error(kind);
            assert!(matches!(error, DialError::NetworkDown { .. }), "{kind:?}");
            assert_ne!(suspicion, Suspicion::None, "{kind:?}");
        }
    }

    #[test]
    fn a_peer_that_is_away_raises_no_doubt_about_the_network() {
        for kind in [
            ErrorKind::OnionServiceNotFound,
            ErrorKind::OnionServiceConnectionFailed,
        ] {
            assert_eq!(dial_error(kind), (DialError::PeerOffline, Suspicion::None));
        }
    }

    #[test]
    fn the_words_are_sentences_for_people() {
        let refused = no_relay(std::io::ErrorKind::ConnectionRefused);
        assert_eq!(
            refused,
            "no relay of the Tor network can be reached: connections are refused"
        );
        assert!(client_failed(ErrorKind::FsPermissions).contains("other users"));
    }

    #[test]
    fn a_client_that_was_not_told_to_start_is_not_blocked() {
        let status = BootstrapStatus::default();
        assert_eq!(blockage(&status), None);
        assert_eq!(stage(&status), "starting Tor");
    }
}
