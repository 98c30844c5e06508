//! Why bytes from outside were refused.

/// Bytes that are not what they should be. Always the sender's fault (or that
/// of whoever altered them on the way); nothing was changed by decoding them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The structure ends early, has trailing bytes, or a length that does not fit.
    #[error("the data is cut short or malformed")]
    Malformed,
    /// A version that this program does not know.
    #[error("the data is of version {0}, which this program does not know; a newer version may")]
    Version(u8),
    /// A named field is longer than its limit.
    #[error("{0} is longer than allowed")]
    TooLong(&'static str),
    /// A named field has a value that is not allowed.
    #[error("{0} is not valid")]
    Invalid(&'static str),
    /// Padding that should be zero is not.
    #[error("the padding is not empty")]
    Padding,
    /// The checksum of a typed or pasted text does not match: a typing or
    /// copying error.
    #[error("the checksum does not match; a character is wrong or missing")]
    Checksum,
}

impl From<tls_codec::Error> for DecodeError {
    fn from(_: tls_codec::Error) -> Self {
        Self::Malformed
    }
}
