//! A TCP proxy on loopback that keeps every byte of both directions.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;

/// The recorder. Its threads end with the connections that they serve, the
/// listening one with the process.
pub struct Recorder {
    address: SocketAddr,
    tapes: Arc<Mutex<Vec<Tape>>>,
}

/// What was said in one direction of one connection.
type Tape = Arc<Mutex<Vec<u8>>>;

impl Recorder {
    /// Listens on a port of its own and passes everything on to `target`.
    pub fn before(target: SocketAddr) -> Result<Recorder> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let recorder = Recorder {
            address: listener.local_addr()?,
            tapes: Arc::default(),
        };
        let tapes = recorder.tapes.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(target) else {
                    continue;
                };
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else {
                        continue;
                    };
                    let tape = Tape::default();
                    locked(&tapes).push(tape.clone());
                    thread::spawn(move || copy(from, to, &tape));
                }
            }
        });
        Ok(recorder)
    }

    /// Where it listens.
    pub fn socket_addr(&self) -> SocketAddr {
        self.address
    }

    /// What was said so far: one tape for each direction of each connection.
    pub fn tapes(&self) -> Vec<Vec<u8>> {
        locked(&self.tapes)
            .iter()
            .map(|tape| locked(tape).clone())
            .collect()
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, tape: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 16 << 10];
    while let Ok(len @ 1..) = from.read(&mut buffer) {
        locked(tape).extend_from_slice(&buffer[..len]);
        if to.write_all(&buffer[..len]).is_err() {
            break;
        }
    }
    // Pass the end on; the other side may be gone already.
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
