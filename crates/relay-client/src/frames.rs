//! Frames on a stream: exactly [`FRAME_LEN`] bytes each, never more, never
//! less, in buffers that hold zeros when they are done with.

use std::{io, time::Duration};

use hushwing_wire::limits::FRAME_LEN;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};
use zeroize::Zeroizing;

use crate::error::{Misbehaviour, tls_error};

/// Longest time for one frame to pass once it has begun: 17 KB at the 1 KB/s
/// of a starved circuit, three times over. Whoever is slower ties up memory.
pub const FRAME_DEADLINE: Duration = Duration::from_secs(60);

/// Why no frame passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameError {
    /// The stream broke.
    Lost,
    /// The frame began and did not end in [`FRAME_DEADLINE`].
    TooSlow,
    /// The peer sent something else.
    Misbehaved(Misbehaviour),
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        match tls_error(&error) {
            Some(rustls::Error::AlertReceived(_)) | None => Self::Lost,
            Some(_) => Self::Misbehaved(Misbehaviour::Tls),
        }
    }
}

/// The next frame, or `None` when the peer closed the stream between two.
///
/// Waits without limit for the first byte (and holds no buffer meanwhile, so a
/// silent connection costs little), then [`FRAME_DEADLINE`] for the rest. Not
/// cancel-safe: a dropped read has lost its place in the stream.
pub(crate) async fn read_frame<R>(stream: &mut R) -> Result<Option<Zeroizing<Vec<u8>>>, FrameError>
where
    R: AsyncRead + Unpin,
{
    let mut first = [0; 1];
    match stream.read(&mut first).await {
        Ok(0) => return Ok(None),
        Ok(_) => {}
        // The peer went away without a word of TLS; between two frames nothing
        // is cut short by it.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let mut frame = Zeroizing::new(vec![0; FRAME_LEN]);
    frame[0] = first[0];
    match timeout(FRAME_DEADLINE, stream.read_exact(&mut frame[1..])).await {
        Err(_) => Err(FrameError::TooSlow),
        Ok(Ok(_)) => Ok(Some(frame)),
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(FrameError::Misbehaved(Misbehaviour::CutShort))
        }
        Ok(Err(error)) => Err(error.into()),
    }
}

/// Writes one frame into the stream's buffer; [`flush`] sends it off.
pub(crate) async fn write_frame<W>(
    stream: &mut W,
    frame: Zeroizing<Vec<u8>>,
) -> Result<(), FrameError>
where
    W: AsyncWrite + Unpin,
{
    debug_assert_eq!(frame.len(), FRAME_LEN);
    in_time(stream.write_all(&frame)).await
}

/// Sends off what [`write_frame`] wrote.
pub(crate) async fn flush<W>(stream: &mut W) -> Result<(), FrameError>
where
    W: AsyncWrite + Unpin,
{
    in_time(stream.flush()).await
}

async fn in_time(io: impl Future<Output = io::Result<()>>) -> Result<(), FrameError> {
    match timeout(FRAME_DEADLINE, io).await {
        Err(_) => Err(FrameError::TooSlow),
        Ok(result) => Ok(result?),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    #[tokio::test]
    async fn frames_pass_whole_and_in_order() {
        let (mut ours, mut theirs) = duplex(1_000);
        let sending = tokio::spawn(async move {
            for byte in 0..3 {
                let frame = Zeroizing::new(vec![byte; FRAME_LEN]);
                write_frame(&mut ours, frame).await.unwrap();
            }
            flush(&mut ours).await.unwrap();
        });
        for byte in 0..3 {
            let frame = read_frame(&mut theirs).await.unwrap().unwrap();
            assert_eq!(*frame, vec![byte; FRAME_LEN]);
        }
        sending.await.unwrap();
        assert!(read_frame(&mut theirs).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_frame_cut_short_is_the_peers_fault() {
        let (mut ours, mut theirs) = duplex(2 * FRAME_LEN);
        ours.write_all(&vec![1; FRAME_LEN - 1]).await.unwrap();
        drop(ours);
        assert_eq!(
            read_frame(&mut theirs).await.unwrap_err(),
            FrameError::Misbehaved(Misbehaviour::CutShort)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_frame_that_stops_in_the_middle_does_not_wait_for_ever() {
        let (mut ours, mut theirs) = duplex(2 * FRAME_LEN);
        ours.write_all(&[1; 100]).await.unwrap();
        assert_eq!(
            read_frame(&mut theirs).await.unwrap_err(),
            FrameError::TooSlow
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_does_not_hold_a_frame_for_ever() {
        let (mut ours, _theirs) = duplex(100);
        let frame = Zeroizing::new(vec![1; FRAME_LEN]);
        assert_eq!(
            write_frame(&mut ours, frame).await.unwrap_err(),
            FrameError::TooSlow
        );
    }
}
