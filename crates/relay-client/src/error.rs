//! What can go wrong on the link, and whose fault it is.

use std::io;

use hushwing_wire::{DecodeError, Refusal};
use rustls::{AlertDescription, CertificateError, Error as TlsError};

/// Why no connection came to be. Nothing was asked of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The network's or the server's fault: no complete handshake in
    /// [`crate::CONNECT_DEADLINE`].
    #[error("the relay did not answer in time")]
    TimedOut,
    /// The network's or the server's fault: the stream ended in the handshake.
    #[error("the connection to the relay was lost before it was secure")]
    Lost,
    /// Somebody else answers at this address, or the relay has lost its key:
    /// the key shown is not the pinned one, or its holder cannot sign with it.
    #[error("the relay showed another key than the one in its address; it was not trusted")]
    WrongKey,
    /// The server speaks TLS but not ours: no hybrid key exchange, no raw
    /// public key, or another protocol.
    #[error("the relay does not offer the post-quantum connection that is required")]
    Incompatible,
    /// The server's fault: what it sent is no TLS, or breaks its rules.
    #[error("what answered is not a Hushwing relay")]
    Misbehaved,
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        match tls_error(&error) {
            Some(TlsError::InvalidCertificate(
                CertificateError::ApplicationVerificationFailure | CertificateError::BadSignature,
            )) => Self::WrongKey,
            Some(
                TlsError::PeerIncompatible(_)
                | TlsError::NoApplicationProtocol
                | TlsError::AlertReceived(
                    AlertDescription::HandshakeFailure
                    | AlertDescription::ProtocolVersion
                    | AlertDescription::NoApplicationProtocol
                    | AlertDescription::UnsupportedCertificate
                    | AlertDescription::MissingExtension
                    | AlertDescription::UnsupportedExtension,
                ),
            ) => Self::Incompatible,
            Some(_) => Self::Misbehaved,
            None => Self::Lost,
        }
    }
}

/// How a peer broke the rules of the frame protocol. The connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misbehaviour {
    /// A frame that does not decode.
    #[error("a malformed frame: {0}")]
    Frame(#[from] DecodeError),
    /// The stream ended inside a frame.
    #[error("a frame that was cut short")]
    CutShort,
    /// An answer to a request that was never made or already answered.
    #[error("an answer to nothing")]
    UnknownId,
    /// An answer of another kind than the request.
    #[error("an answer of the wrong kind")]
    WrongKind,
    /// A box found at a slot that was not asked for.
    #[error("a box for a slot that was not asked for")]
    IndexOutOfRange,
    /// What came is not valid TLS, or was altered on the way.
    #[error("a broken TLS record")]
    Tls,
}

/// Why a call has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The network's or the server's fault: the connection ended. Whether the
    /// call was carried out is **unknown**; make it again on a new connection,
    /// every operation may be repeated.
    #[error("the connection to the relay was lost; the outcome is unknown")]
    Lost,
    /// The server's or the network's fault: no answer by the deadline. The
    /// outcome is **unknown**, and the connection is closed since a circuit
    /// that keeps silent is dead.
    #[error("the relay did not answer in time; the outcome is unknown")]
    TimedOut,
    /// The caller's or the server's fault: too many calls wait for answers.
    /// Nothing was sent.
    #[error("too many requests are waiting for the relay; nothing was sent")]
    Busy,
    /// The server said no and why. Nothing was changed.
    #[error("the relay refused the request")]
    Refused(Refusal),
    /// The server's fault: it broke the protocol; the connection is closed and
    /// the outcome is **unknown**.
    #[error("the relay broke the protocol with {0}")]
    Misbehaved(Misbehaviour),
    /// The caller's fault: no slots, or more than a request may name. Nothing
    /// was sent.
    #[error("the request is not valid: {0}")]
    Invalid(DecodeError),
}

/// Why the serving of one connection ended other than by its client closing
/// it. Other connections are not affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServeError {
    /// The client's or the network's fault: no complete TLS handshake by the
    /// deadline.
    #[error("the client did not complete its handshake in time")]
    HandshakeTimedOut,
    /// The client's fault: it offers no hybrid key exchange, no raw public
    /// keys, no TLS 1.3, or another protocol.
    #[error("the client does not offer the post-quantum connection that is required")]
    Incompatible,
    /// The client's fault: it broke the protocol.
    #[error("the client broke the protocol with {0}")]
    Misbehaved(Misbehaviour),
    /// Nothing was asked for too long.
    #[error("the connection was idle for too long")]
    Idle,
    /// The client began a frame or was sent one, and the rest did not pass in
    /// [`crate::FRAME_DEADLINE`].
    #[error("the client was too slow")]
    TooSlow,
    /// The network's fault.
    #[error("the connection was lost")]
    Lost,
}

impl ServeError {
    /// The reason for the failure of a handshake.
    pub(crate) fn of_handshake(error: &io::Error) -> Self {
        match tls_error(error) {
            Some(
                TlsError::PeerIncompatible(_)
                | TlsError::NoApplicationProtocol
                | TlsError::AlertReceived(_),
            ) => Self::Incompatible,
            Some(_) => Self::Misbehaved(Misbehaviour::Tls),
            None => Self::Lost,
        }
    }
}

/// The TLS error inside `error`, if that is what it is.
pub(crate) fn tls_error(error: &io::Error) -> Option<&TlsError> {
    error.get_ref()?.downcast_ref()
}
