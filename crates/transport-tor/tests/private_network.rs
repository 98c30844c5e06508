//! Tor for real, on a private network of real relays.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use hushwing_testnet::TestNet;
use hushwing_transport::{Dial, DialError, IsolationClass, Listen, NetworkState, Stream};
use hushwing_transport_tor::{
    HostError, Network, OnionListener, OnionSeed, OnionState, StartError, Tor, TorConfig,
    onion_address,
};
use hushwing_wire::address::{ClearAddr, Endpoint};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Nobody waits longer than this for anything; only a hang does.
const HANG: Duration = Duration::from_secs(180);
/// The size of a box, and of what is echoed to measure the way.
const BOX_LEN: usize = 16 * 1024;
const PORT: u16 = 443;

fn class(number: u8) -> IsolationClass {
    IsolationClass::new([number; 16])
}

fn seed(number: u8) -> OnionSeed {
    OnionSeed::new([number; 32])
}

fn onion(number: u8, port: u16) -> Endpoint {
    Endpoint::Onion {
        address: onion_address(&seed(number)),
        port,
    }
}

fn host(name: &str, port: u16) -> Endpoint {
    format!("{name}:{port}").parse().expect("a host name")
}

fn tor(dir: &Path, net: &TestNet) -> Tor {
    Tor::start(TorConfig {
        state_dir: dir.join("state"),
        cache_dir: dir.join("cache"),
        network: Network::Private {
            arti_toml: net.arti_toml(),
        },
    })
    .expect("a valid configuration")
}

/// How long a caller who is not to be met waits: ten times what meeting takes here.
const ONE_TOO_MANY: Duration = Duration::from_secs(5);

/// Never waits for ever.
async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(HANG, work).await {
        Ok(done) => done,
        Err(_) => panic!("hangs: {what}"),
    }
}

async fn until_ready(tor: &Tor) {
    let mut state = tor.state();
    let ready = state.wait_for(NetworkState::is_ready);
    soon("ready", ready).await.expect("Tor runs");
}

/// Waits for the state to be blocked, and returns the words for it.
async fn until_blocked(tor: &Tor) -> String {
    let mut state = tor.state();
    let blocked = state.wait_for(|state| matches!(state, NetworkState::Blocked { .. }));
    match &*soon("blocked", blocked).await.expect("Tor runs") {
        NetworkState::Blocked { reason } => reason.clone(),
        other => panic!("not blocked: {other}"),
    }
}

/// Answers every stream with what it sends.
async fn echo(mut listener: OnionListener) {
    while let Some(stream) = listener.accept().await {
        tokio::spawn(echo_one(stream));
    }
}

async fn echo_one(mut stream: Stream) {
    let mut buffer = vec![0; BOX_LEN];
    while let Ok(len @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..len]).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

async fn round_trip(stream: &mut Stream, len: usize) -> std::io::Result<Duration> {
    let sent = vec![0x5a; len];
    let mut back = vec![0; len];
    let started = Instant::now();
    stream.write_all(&sent).await?;
    stream.flush().await?;
    stream.read_exact(&mut back).await?;
    assert_eq!(sent, back);
    Ok(started.elapsed())
}

/// Dials until it works; what a caller above does after a back-off.
async fn dial_until_it_works(tor: &Tor, to: &Endpoint, class: IsolationClass) -> Stream {
    soon("dial", async {
        loop {
            if let Ok(stream) = tor.dial(to, class).await {
                return stream;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    })
    .await
}

async fn loopback_echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(echo_one(Box::new(stream)));
        }
    });
    port
}

fn files_below(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// Shows what Tor says, for `RUST_LOG=...` and a test that fails.
fn show_logs() {
    let _ = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_test_writer()
        .try_init();
}

/// Counts panics of the whole process from now on: a release build aborts at
/// the first, in whatever thread it is.
fn count_panics() -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        counter.fetch_add(1, Ordering::SeqCst);
        usual(panic);
    }));
    count
}

#[test]
fn a_configuration_that_is_none_is_refused_at_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = |toml: &str| TorConfig {
        state_dir: dir.path().join("state"),
        cache_dir: dir.path().join("cache"),
        network: Network::Private {
            arti_toml: toml.to_owned(),
        },
    };
    let outside = Tor::start(config(""));
    assert!(matches!(outside, Err(StartError::NoRuntime)));
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let _inside = runtime.enter();
    for toml in ["this is no TOML", "[tor_network]\nfallback_caches = 7\n"] {
        let refused = Tor::start(config(toml));
        assert!(matches!(refused, Err(StartError::Configuration(_))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_reach_each_other_and_nobody_else() {
    show_logs();
    let panics = count_panics();
    let dir = tempfile::tempdir().expect("a directory");
    let net = TestNet::start(&dir.path().join("net")).expect("a network");
    println!("network ready after {:.1?}", net.ready_in());

    // Starting: it says so, dialling is an error, and then it is ready.
    let started = Instant::now();
    let bob = tor(&dir.path().join("bob"), &net);
    let alice = tor(&dir.path().join("alice"), &net);
    assert!(matches!(
        *alice.state().borrow(),
        NetworkState::Starting {
            percent: 0..=99,
            ..
        }
    ));
    let early = alice.dial(&onion(1, PORT), class(1)).await.err();
    assert!(
        matches!(early, Some(DialError::NetworkDown { .. })),
        "{early:?}"
    );
    let mut said = bob.state();
    while !said.borrow_and_update().is_ready() {
        let state = said.borrow().clone();
        assert!(!matches!(state, NetworkState::Blocked { .. }), "{state}");
        soon("progress", said.changed()).await.expect("Tor runs");
    }
    until_ready(&alice).await;
    println!("cold bootstrap of two clients: {:.2?}", started.elapsed());

    // Hosting.
    let started = Instant::now();
    let mut listener = bob.host(&seed(1), PORT).await.expect("hosted");
    assert_eq!(listener.address(), onion_address(&seed(1)));
    let again = bob.host(&seed(1), PORT).await.err();
    assert_eq!(again, Some(HostError::AlreadyHosted));
    assert!(soon("published", listener.published()).await);
    println!("host published after {:.2?}", started.elapsed());
    let circuits = {
        let (sender, receiver) = tokio::sync::watch::channel(0);
        tokio::spawn(async move {
            while let Some(stream) = listener.accept().await {
                sender.send_replace(listener.circuits());
                tokio::spawn(echo_one(stream));
            }
        });
        receiver
    };

    // Dialling, and the way there and back.
    let to = onion(1, PORT);
    let started = Instant::now();
    let mut stream = dial_until_it_works(&alice, &to, class(1)).await;
    println!("first dial {:.2?}", started.elapsed());
    let mut times = Vec::new();
    for _ in 0..50 {
        times.push(round_trip(&mut stream, BOX_LEN).await.expect("echo"));
    }
    times.sort();
    println!(
        "round trip of 16 KiB: median {:.1?}, best {:.1?}",
        times[25], times[0]
    );

    // One class shares a circuit, another does not.
    assert_eq!(*circuits.borrow(), 1);
    let mut same = soon("dial", alice.dial(&to, class(1))).await.expect("dial");
    round_trip(&mut same, 1).await.expect("echo");
    assert_eq!(*circuits.borrow(), 1, "the same class shares its circuit");
    let started = Instant::now();
    let mut other = soon("dial", alice.dial(&to, class(2))).await.expect("dial");
    println!("dial in a new class {:.2?}", started.elapsed());
    round_trip(&mut other, 1).await.expect("echo");
    assert_eq!(*circuits.borrow(), 2, "another class never does");

    // Who is not there, and what is not allowed.
    let started = Instant::now();
    let absent = soon("dial", alice.dial(&onion(9, PORT), class(1))).await;
    println!("dial of an unknown onion {:.2?}", started.elapsed());
    assert_eq!(absent.err(), Some(DialError::PeerOffline));
    let wrong_port = soon("dial", alice.dial(&onion(1, PORT + 1), class(1))).await;
    assert_eq!(wrong_port.err(), Some(DialError::Refused));
    let clear = Endpoint::Clear(ClearAddr::dangerously_outside_tor(
        "127.0.0.1:80".parse().expect("an address"),
    ));
    let forbidden = alice.dial(&clear, class(1)).await.err();
    assert!(matches!(forbidden, Some(DialError::Forbidden { .. })));

    // A host by name, through an exit that resolves it.
    let port = loopback_echo().await;
    let started = Instant::now();
    let mut through_exit = soon("dial", alice.dial(&host("relay.example", port), class(3)))
        .await
        .expect("dial");
    println!("dial by name through an exit {:.2?}", started.elapsed());
    round_trip(&mut through_exit, BOX_LEN).await.expect("echo");
    let nobody = soon(
        "dial",
        alice.dial(&host("no-such-host.org", port), class(3)),
    )
    .await;
    assert_eq!(nobody.err(), Some(DialError::NoSuchHost));

    // A peer that goes away takes its streams with it, and ours says so.
    bob.shutdown().await;
    let broken = soon("read", stream.read(&mut [0; 1])).await;
    assert!(
        !matches!(broken, Ok(1..)),
        "nothing comes from a peer that left"
    );
    let started = Instant::now();
    let gone = soon("dial", alice.dial(&to, class(4))).await.err();
    println!(
        "dial of a peer that left: {gone:?} after {:.2?}",
        started.elapsed()
    );
    assert!(
        matches!(gone, Some(DialError::PeerOffline | DialError::TimedOut)),
        "{gone:?}"
    );
    assert!(alice.state().borrow().is_ready(), "our own network is fine");

    // He comes back under the same address and in the same folders, and is
    // found by those who knew him.
    let started = Instant::now();
    let bob = tor(&dir.path().join("bob"), &net);
    until_ready(&bob).await;
    println!("warm bootstrap {:.2?}", started.elapsed());
    let listener = bob.host(&seed(1), PORT).await.expect("hosted");
    tokio::spawn(echo(listener));
    let mut back = dial_until_it_works(&alice, &to, class(1)).await;
    println!("reachable again {:.2?} after his start", started.elapsed());
    round_trip(&mut back, BOX_LEN).await.expect("echo");

    // A listener that is dropped ends its service; the address is free again.
    let mut second = bob.host(&seed(2), PORT).await.expect("hosted");
    assert!(soon("published", second.published()).await);
    drop(second);
    bob.host(&seed(2), PORT).await.expect("free again");

    println!("a second service, dropped, after {:.2?}", started.elapsed());

    // A service meets as many callers at a time as its owner said: one more waits.
    let to = onion(3, PORT);
    let narrow = bob.host_for(&seed(3), PORT, 1).await.expect("hosted");
    tokio::spawn(echo(narrow));
    let mut first = dial_until_it_works(&alice, &to, class(1)).await;
    let waited = tokio::time::timeout(ONE_TOO_MANY, alice.dial(&to, class(2))).await;
    assert!(
        !matches!(waited, Ok(Ok(_))),
        "two callers, and one was to be met"
    );
    round_trip(&mut first, 1)
        .await
        .expect("the first is served");

    // No identity key of a service is on the disk, in no form.
    let address = onion_address(&seed(1));
    let markers = [
        [1_u8; 32].to_vec(),
        address.public_key().to_vec(),
        address.to_host().as_bytes()[..56].to_vec(),
    ];
    let files = files_below(&dir.path().join("bob"));
    assert!(files.len() > 2, "there is something to look at");
    for path in files {
        let bytes = std::fs::read(&path).unwrap_or_default();
        for marker in &markers {
            let found = bytes.windows(marker.len()).any(|window| window == marker);
            assert!(!found, "{} knows the service", path.display());
        }
        assert!(!path.to_string_lossy().contains("keystore/hss"), "{path:?}");
    }

    alice.shutdown().await;
    bob.shutdown().await;
    assert_eq!(panics.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_noticed_said_and_survived() {
    show_logs();
    let panics = count_panics();
    let dir = tempfile::tempdir().expect("a directory");
    let mut net = TestNet::start(&dir.path().join("net")).expect("a network");
    let bob = tor(&dir.path().join("bob"), &net);
    let alice = tor(&dir.path().join("alice"), &net);
    let mut listener = bob.host(&seed(1), PORT).await.expect("hosted before ready");
    let mut hosted = listener.state();
    assert!(soon("published", listener.published()).await);
    tokio::spawn(echo(listener));
    until_ready(&alice).await;
    let to = onion(1, PORT);
    let mut stream = dial_until_it_works(&alice, &to, class(1)).await;
    round_trip(&mut stream, BOX_LEN).await.expect("echo");
    // The plug is pulled. Alice dials and learns it; Bob, who only listens,
    // learns it by himself.
    net.cut();
    let cut = Instant::now();
    let failed = soon("read", stream.read(&mut [0; 1])).await;
    assert!(!matches!(failed, Ok(1..)));
    while alice.state().borrow().is_ready() {
        let error = soon("dial", alice.dial(&to, class(2))).await.err();
        println!("dial in the outage: {error:?}");
        assert!(error.is_some(), "there is nothing to connect to");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let reason = until_blocked(&alice).await;
    println!("the dialler knows after {:.2?}: {reason}", cut.elapsed());
    assert!(reason.contains("relay"), "{reason}");
    let error = alice.dial(&to, class(2)).await.err().expect("blocked");
    assert!(matches!(error, DialError::NetworkDown { .. }), "{error:?}");
    let words = error.to_string();
    assert!(
        words.starts_with("the network cannot be reached: "),
        "{words}"
    );
    let exit = alice.dial(&host("relay.example", 80), class(2)).await.err();
    assert!(
        matches!(exit, Some(DialError::NetworkDown { .. })),
        "{exit:?}"
    );
    let reason = until_blocked(&bob).await;
    println!("the listener knows after {:.2?}: {reason}", cut.elapsed());
    assert_eq!(*hosted.borrow_and_update(), OnionState::Waiting);

    // The client writes them in its own time.
    let guards = soon("guards on disk", async {
        loop {
            let guards = guard_identities(&dir.path().join("alice/state")).await;
            if !guards.is_empty() {
                break guards;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
    .await;

    // Dark for a while, so that pauses between attempts have grown.
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert!(!alice.state().borrow().is_ready());
    net.resume().expect("back again");
    let back = Instant::now();
    until_ready(&alice).await;
    println!(
        "the dialler is ready {:.2?} after the network",
        back.elapsed()
    );
    until_ready(&bob).await;
    println!(
        "the listener is ready {:.2?} after the network",
        back.elapsed()
    );
    let published = hosted.wait_for(|state| *state == OnionState::Published);
    soon("published", published).await.expect("still hosted");
    let mut stream = dial_until_it_works(&alice, &to, class(1)).await;
    round_trip(&mut stream, BOX_LEN).await.expect("echo");
    println!("talking again {:.2?} after the network", back.elapsed());

    // The next outage is silent: connections stay open and say nothing.
    net.freeze().expect("frozen");
    let frozen = Instant::now();
    let dialed = soon("dial", alice.dial(&to, class(5))).await;
    println!(
        "dial into the silence: {:?} after {:.1?}",
        dialed.err(),
        frozen.elapsed()
    );
    let reason = until_blocked(&alice).await;
    println!(
        "silence is noticed after {:.1?}: {reason}",
        frozen.elapsed()
    );
    net.thaw().expect("thawed");
    let back = Instant::now();
    alice.retry_now();
    until_ready(&alice).await;
    until_ready(&bob).await;
    let mut stream = dial_until_it_works(&alice, &to, class(1)).await;
    round_trip(&mut stream, BOX_LEN).await.expect("echo");
    println!("talking again {:.2?} after the thaw", back.elapsed());

    // Shut down for good.
    let state = alice.state();
    alice.shutdown().await;
    assert_eq!(*state.borrow(), NetworkState::Off);
    let kept = guard_identities(&dir.path().join("alice/state")).await;
    assert!(
        guards.is_subset(&kept),
        "an outage never makes us forget our guards"
    );
    bob.shutdown().await;
    let closed = hosted.wait_for(|_| false);
    assert!(soon("the listener's end", closed).await.is_err());
    assert_eq!(
        panics.load(Ordering::SeqCst),
        0,
        "a panic in the background"
    );
}

/// The relays that the client has settled on, as its state file names them.
/// Arti writes it when a client ends, and once a minute.
async fn guard_identities(state: &Path) -> std::collections::BTreeSet<String> {
    let path = state.join("state/guards.json");
    let text = loop {
        match std::fs::read_to_string(&path) {
            Ok(text) => break text,
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    };
    // Ed25519 identities: 32 bytes in base64 without padding.
    text.split('"')
        .filter(|word| word.len() == 43 && !word.contains(' '))
        .map(str::to_owned)
        .collect()
}
