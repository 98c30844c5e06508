//! A service that dies while it is called: it took the introduction and never
//! comes to the meeting. arti waits for it for minutes; we must not.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use hushwing_testnet::TestNet;
use hushwing_transport::{Dial, DialError, IsolationClass, Listen, NetworkState, Stream};
use hushwing_transport_tor::{Network, OnionSeed, Tor, TorConfig, onion_address};
use hushwing_wire::address::Endpoint;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Nobody waits longer than this for anything; only a hang does.
const HANG: Duration = Duration::from_secs(180);
const PORT: u16 = 443;
/// Tells the process that hosts where its files and its network are.
const HOST_DIR: &str = "HUSHWING_TEST_HOST_DIR";
const HOST_NETWORK: &str = "HUSHWING_TEST_HOST_NETWORK";
/// How long a caller needs at most to introduce himself on a network that is well.
/// If he is slower the test shows less, and fails no more for that.
const INTRODUCTION: Duration = Duration::from_secs(4);

fn class(number: u8) -> IsolationClass {
    IsolationClass::new([number; 16])
}

fn seed() -> OnionSeed {
    OnionSeed::new([1; 32])
}

fn tor(dir: &Path, arti_toml: String) -> Tor {
    Tor::start(TorConfig {
        state_dir: dir.join("state"),
        cache_dir: dir.join("cache"),
        network: Network::Private { arti_toml },
    })
    .expect("a valid configuration")
}

/// A process that hosts the service; it ends with this value.
struct Host {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Host {
    /// Returns when its service is published.
    fn start(dir: &Path, net: &TestNet) -> Host {
        // The kernel kills it when this thread is gone, however that happens.
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .arg(std::env::current_exe().expect("this test"))
            .args(["--exact", "host", "--ignored", "--nocapture"])
            .env(HOST_DIR, dir)
            .env(HOST_NETWORK, net.dir().join("arti.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let stdout = child.stdout.take().expect("piped");
        let lines = BufReader::new(stdout).lines();
        let mut host = Host { child, lines };
        assert_eq!(host.says("published"), "");
        host
    }

    /// What follows `word` on the next line that begins with it.
    fn says(&mut self, word: &str) -> String {
        let mut lines = self.lines.by_ref().map_while(Result::ok);
        let line = lines.find_map(|line| line.strip_prefix(word).map(str::to_owned));
        line.unwrap_or_else(|| panic!("the host ended before it said {word}"))
    }

    /// Its connections stay open and say nothing from now on.
    fn freeze(&self) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-STOP", &pid]).status();
        assert!(status.expect("kill").success());
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // SIGKILL, which a stopped process takes too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// No test: the process of [`Host`]. Tells the circuit on which each stream came.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the other test starts it"]
async fn host() {
    let (Some(dir), Some(network)) = (std::env::var_os(HOST_DIR), std::env::var_os(HOST_NETWORK))
    else {
        return;
    };
    let arti_toml = std::fs::read_to_string(network).expect("a network");
    let tor = tor(Path::new(&dir), arti_toml);
    let mut listener = tor.host(&seed(), PORT).await.expect("hosted");
    assert!(listener.published().await);
    println!("\npublished");
    while let Some(mut stream) = listener.accept().await {
        println!("\ncircuits {}", listener.circuits());
        tokio::spawn(async move {
            let mut byte = [0; 1];
            while stream.read_exact(&mut byte).await.is_ok() {
                if stream.write_all(&byte).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
        });
    }
}

async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(HANG, work).await {
        Ok(done) => done,
        Err(_) => panic!("hangs: {what}"),
    }
}

async fn round_trip(stream: &mut Stream) {
    stream.write_all(b"x").await.expect("written");
    stream.flush().await.expect("sent");
    let mut back = [0; 1];
    soon("the echo", stream.read_exact(&mut back))
        .await
        .expect("echo");
}

/// Dials until it works, as a caller above does after a pause; no dial may have
/// waited in vain until its time was over.
async fn dial_without_waiting_in_vain(tor: &Tor, to: &Endpoint, class: IsolationClass) -> Stream {
    soon("dial", async {
        loop {
            match tor.dial(to, class).await {
                Ok(stream) => return stream,
                Err(error) => assert_ne!(error, DialError::TimedOut, "it joined what hangs"),
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_died_while_it_was_called_is_found_where_it_is_now() {
    let dir = tempfile::tempdir().expect("a directory");
    let net = TestNet::start(&dir.path().join("net")).expect("a network");
    let alice = tor(&dir.path().join("alice"), net.arti_toml());
    let mut state = alice.state();
    let ready = state.wait_for(NetworkState::is_ready);
    soon("ready", ready).await.expect("Tor runs");
    let to = Endpoint::Onion {
        address: onion_address(&seed()),
        port: PORT,
    };
    let first = Host::start(&dir.path().join("first"), &net);
    // The way there is known before: it is no part of what follows.
    let mut stream = dial_without_waiting_in_vain(&alice, &to, class(1)).await;
    round_trip(&mut stream).await;

    // He introduces himself, nobody comes, and then the service is elsewhere.
    first.freeze();
    let caller = alice.clone();
    let (endpoint, calls) = (to.clone(), class(2));
    let call =
        tokio::spawn(async move { dial_without_waiting_in_vain(&caller, &endpoint, calls).await });
    tokio::time::sleep(INTRODUCTION).await;
    assert!(!call.is_finished(), "the service is frozen");
    drop(first);
    let mut second = Host::start(&dir.path().join("second"), &net);
    let mut stream = soon("the call", call).await.expect("no dial hung");
    round_trip(&mut stream).await;
    let circuit = second.says("circuits ");

    // Later dials of the class use the circuit that worked; no other class does.
    let mut same = soon("dial", alice.dial(&to, class(2))).await.expect("dial");
    round_trip(&mut same).await;
    assert_eq!(
        second.says("circuits "),
        circuit,
        "the class has its circuit"
    );
    let mut other = soon("dial", alice.dial(&to, class(3))).await.expect("dial");
    round_trip(&mut other).await;
    assert_ne!(
        second.says("circuits "),
        circuit,
        "another class has its own"
    );
    alice.shutdown().await;
}
