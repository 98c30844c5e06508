//! The transport of this machine.

use std::net::SocketAddr;

use hushwing_transport::{Dial, DialError, DirectDialer, IsolationClass, Listen, TcpListen};
use hushwing_wire::address::{ClearAddr, Endpoint, LoopbackAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const CLASS: IsolationClass = IsolationClass::new([7; 16]);

fn loopback(text: &str) -> LoopbackAddr {
    LoopbackAddr::new(text.parse().expect("an address")).expect("loopback")
}

fn clear(address: SocketAddr) -> Endpoint {
    Endpoint::Clear(ClearAddr::dangerously_outside_tor(address))
}

#[tokio::test]
async fn bytes_go_both_ways() {
    let mut listener = TcpListen::bind(loopback("127.0.0.1:0"))
        .await
        .expect("bind");
    let to = Endpoint::Loopback(LoopbackAddr::new(listener.local_addr()).expect("loopback"));
    let server = tokio::spawn(async move {
        let mut stream = listener.accept().await.expect("a stream");
        let mut bytes = [0; 5];
        stream.read_exact(&mut bytes).await.expect("read");
        stream.write_all(&bytes).await.expect("write");
        stream.flush().await.expect("flush");
        bytes
    });
    let mut stream = DirectDialer::loopback_only()
        .dial(&to, CLASS)
        .await
        .expect("dial");
    stream.write_all(b"hello").await.expect("write");
    stream.flush().await.expect("flush");
    let mut echo = [0; 5];
    stream.read_exact(&mut echo).await.expect("read");
    assert_eq!(&echo, b"hello");
    assert_eq!(&server.await.expect("server"), b"hello");
}

#[tokio::test]
async fn a_closed_port_is_refused() {
    let listener = TcpListen::bind(loopback("127.0.0.1:0"))
        .await
        .expect("bind");
    let to = Endpoint::Loopback(LoopbackAddr::new(listener.local_addr()).expect("loopback"));
    drop(listener);
    let dialed = DirectDialer::loopback_only().dial(&to, CLASS).await;
    assert_eq!(dialed.err(), Some(DialError::Refused));
}

#[tokio::test]
async fn a_taken_port_says_so() {
    let listener = TcpListen::bind(loopback("127.0.0.1:0"))
        .await
        .expect("bind");
    let again = LoopbackAddr::new(listener.local_addr()).expect("loopback");
    let error = TcpListen::bind(again).await.err().map(|e| e.to_string());
    assert_eq!(
        error.as_deref(),
        Some("another program already listens on this port")
    );
}

/// Claim M2.
#[tokio::test]
async fn an_address_in_the_clear_needs_the_dialer_made_for_it() {
    let mut listener = TcpListen::bind(loopback("127.0.0.1:0"))
        .await
        .expect("bind");
    let to = clear(listener.local_addr());
    let dialed = DirectDialer::loopback_only().dial(&to, CLASS).await;
    assert!(matches!(dialed.err(), Some(DialError::Forbidden { .. })));

    let dialer = DirectDialer::dangerously_outside_tor();
    let (dialed, accepted) = tokio::join!(dialer.dial(&to, CLASS), listener.accept());
    assert!(dialed.is_ok() && accepted.is_some());
}

/// Claim Z1.
#[tokio::test]
async fn no_error_names_an_address() {
    let onion = hushwing_wire::address::OnionAddress::from_public_key([3; 32]);
    let host = onion.to_host();
    let to = Endpoint::Onion {
        address: onion,
        port: 443,
    };
    let dialer = DirectDialer::dangerously_outside_tor();
    let error = dialer.dial(&to, CLASS).await.err().expect("forbidden");
    for text in [format!("{error}"), format!("{error:?}")] {
        assert!(
            !text.contains(&host[..16]) && !text.contains("443"),
            "{text}"
        );
    }
    assert!(!format!("{:?}", IsolationClass::new([0x61; 16])).contains("97"));
}
