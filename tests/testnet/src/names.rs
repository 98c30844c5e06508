//! The name server of the network's exits: every name below `.example` is
//! 127.0.0.1, no other name exists.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// How often the server looks whether it should end.
const STOP_POLL: Duration = Duration::from_millis(200);
/// Seconds that an exit may keep an answer.
const TTL_S: u32 = 60;
/// Header of a DNS message (RFC 1035 §4.1.1).
const HEADER_LEN: usize = 12;
/// Largest DNS message over UDP without extensions (RFC 1035 §2.3.4).
const MESSAGE_MAX: usize = 512;

/// Response, recursion desired and available; and the same with "no such name".
const FLAGS_FOUND: u16 = 0x8180;
const FLAGS_NO_SUCH_NAME: u16 = 0x8183;
const TYPE_A: u16 = 1;
const CLASS_IN: u16 = 1;

/// Serves until dropped.
#[derive(Debug)]
pub(crate) struct NameServer {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl NameServer {
    pub(crate) fn start() -> io::Result<NameServer> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(STOP_POLL))?;
        let address = socket.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name("testnet-names".to_owned())
            .spawn(move || serve(&socket, &stopped))?;
        Ok(NameServer {
            address,
            stop,
            thread: Some(thread),
        })
    }

    /// Where it listens, as `IP:PORT`.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been printed already.
            let _ = thread.join();
        }
    }
}

fn serve(socket: &UdpSocket, stop: &AtomicBool) {
    let mut buffer = [0; MESSAGE_MAX];
    while !stop.load(Ordering::Relaxed) {
        let Ok((len, from)) = socket.recv_from(&mut buffer) else {
            continue; // the read time-out
        };
        if let Some(reply) = answer(&buffer[..len]) {
            // Whoever asked asks again if this is lost.
            let _ = socket.send_to(&reply, from);
        }
    }
}

/// The answer to a query, or nothing if it is not a query of one question.
fn answer(query: &[u8]) -> Option<Vec<u8>> {
    let (question_len, name) = question(query.get(HEADER_LEN..)?)?;
    let question = query.get(HEADER_LEN..HEADER_LEN + question_len)?;
    let kind = u16::from_be_bytes(*question.last_chunk::<4>()?.first_chunk()?);
    let exists = name.ends_with(".example");
    let is_answered = exists && kind == TYPE_A;

    let mut reply = query.get(..2)?.to_vec();
    let flags = if exists {
        FLAGS_FOUND
    } else {
        FLAGS_NO_SUCH_NAME
    };
    for field in [flags, 1, u16::from(is_answered), 0, 0] {
        reply.extend_from_slice(&field.to_be_bytes());
    }
    reply.extend_from_slice(question);
    if is_answered {
        reply.extend_from_slice(&[0xc0, 0x0c]); // the name, at byte 12
        for field in [TYPE_A, CLASS_IN] {
            reply.extend_from_slice(&field.to_be_bytes());
        }
        reply.extend_from_slice(&TTL_S.to_be_bytes());
        reply.extend_from_slice(&4_u16.to_be_bytes());
        reply.extend_from_slice(&Ipv4Addr::LOCALHOST.octets());
    }
    Some(reply)
}

/// Length of the question at the front of `bytes`, and its name in lower case.
fn question(bytes: &[u8]) -> Option<(usize, String)> {
    let mut labels = Vec::new();
    let mut at = 0;
    loop {
        let len = usize::from(*bytes.get(at)?);
        at += 1;
        if len == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(bytes.get(at..at + len)?).to_lowercase());
        at += len;
    }
    let end = at + 4; // type and class
    (bytes.len() >= end).then(|| (end, labels.join(".")))
}

#[cfg(test)]
mod tests {
    use super::{HEADER_LEN, answer};

    fn query(name: &str, kind: u16) -> Vec<u8> {
        let mut bytes = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            bytes.push(u8::try_from(label.len()).expect("short"));
            bytes.extend_from_slice(label.as_bytes());
        }
        bytes.push(0);
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&1_u16.to_be_bytes());
        bytes
    }

    #[test]
    fn names_below_example_are_this_machine() {
        let asked = query("Relay.eXample", 1);
        let reply = answer(&asked).expect("a reply");
        assert_eq!(reply[..2], [0xab, 0xcd]);
        assert_eq!(reply[3] & 0x0f, 0, "no error");
        assert_eq!(reply[6..8], [0, 1], "one answer");
        assert_eq!(
            reply[HEADER_LEN..asked.len()],
            asked[HEADER_LEN..],
            "case kept"
        );
        assert_eq!(reply[reply.len() - 4..], [127, 0, 0, 1]);
    }

    #[test]
    fn other_names_do_not_exist_and_other_types_are_empty() {
        let reply = answer(&query("example.com", 1)).expect("a reply");
        assert_eq!(reply[3] & 0x0f, 3, "no such name");
        assert_eq!(reply[6..8], [0, 0]);
        let reply = answer(&query("relay.example", 28)).expect("a reply");
        assert_eq!(reply[3] & 0x0f, 0);
        assert_eq!(reply[6..8], [0, 0]);
    }

    #[test]
    fn a_truncated_query_is_not_answered() {
        let whole = query("relay.example", 1);
        for len in 0..whole.len() {
            assert_eq!(answer(&whole[..len]), None, "{len} bytes");
        }
    }
}
