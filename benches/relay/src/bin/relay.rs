//! P1 to P4: what a relay costs, against its store alone, the database under the
//! store alone, and a bare TLS server.
//!
//! The clients run on the same cores as the relay, so a row of the clock counts
//! their half of TLS too; the rows of the processor count the relay's process
//! alone.

use std::{
    alloc::System,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use hushwing_benches_relay::{
    Rate, Row, cpu_of,
    filling::{Filled, without_limits},
    load::{boxed, in_lanes, slot},
    publish, say,
    served::{Served, Server, allow_many_files, serve_for_ever},
};
use hushwing_relay::{
    StoreKey,
    store::{Deposit, Put, SlotStore as _, SqliteStore},
};
use hushwing_relay_client::{PutOutcome, RelayClient};
use hushwing_wire::limits::{BOX_LEN, FRAME_LEN, MAX_WAIT_S};
use rusqlite::Connection;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    runtime::Runtime,
    task::JoinSet,
};
use zeroizing_alloc::ZeroAlloc;

/// As in the relay's program, for all that is compared here.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

/// What a relay costs.
#[derive(Parser)]
struct Args {
    /// Be a server for a measurement
    #[arg(long, hide = true, requires = "folder")]
    serve: Option<Served>,
    /// Its store
    #[arg(long, hide = true)]
    folder: Option<PathBuf>,
    /// A hundredth of everything, to see that it runs
    #[arg(long)]
    small: bool,
}

/// Clients at once.
const CLIENTS: usize = 256;

/// Boxes of one round, and rounds.
const BOXES: u32 = 12_800;
const ROUNDS: u32 = 5;

/// Boxes already stored, of full size.
const STORED: [u64; 3] = [10_000, 100_000, 1_000_000];

/// Boxes already stored, of [`SMALL_BOX`] bytes: so many of full size would
/// take 170 GB.
const MANY: u64 = 10_000_000;
const SMALL_BOX: usize = 64;

/// Connections that wait.
const WAITS: [usize; 3] = [100, 1_000, 10_000];

/// Starts of each size.
const STARTS: usize = 5;

/// A box may take so many times what the store alone takes: P1 is to reach 0.6 of
/// its rate, P2 0.5.
const PUT_GOAL: f64 = 1.0 / 0.6;
const GET_GOAL: f64 = 2.0;

/// A connection may take so many times what a bare one takes, and so much.
const WAIT_GOAL: f64 = 1.3;
const WAIT_KIB: f64 = 40.0;

/// Memory after a start may grow so.
const START_GOAL: f64 = 1.1;

/// How long a server's memory takes to be what it stays.
const SETTLE: Duration = Duration::from_secs(3);

fn main() -> Result<()> {
    let args = Args::parse();
    if let (Some(served), Some(folder)) = (args.serve, args.folder) {
        return serve_for_ever(served, folder);
    }
    let by = if args.small { 100 } else { 1 };
    let files = allow_many_files()?;
    let runtime = Runtime::new()?;
    let mut rows = boxes_and_starts(&runtime, by)?;
    rows.extend(waits(&runtime, by, files)?);
    publish("relay", &rows)
}

// ------------------------------------------------------------ P1, P2 and P4

fn boxes_and_starts(runtime: &Runtime, by: u64) -> Result<Vec<Row>> {
    let (mut puts, mut gets, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    let empty = folder()?;
    let mut none = Filled::new(empty.path(), BOX_LEN)?;
    none.up_to(0)?;
    {
        let full = folder()?;
        let mut filled = Filled::new(full.path(), BOX_LEN)?;
        let mut numbers = 0..0;
        for stored in STORED {
            let stored = stored / by;
            say(&format!("filling up to {stored} boxes"));
            filled.up_to(stored)?;
            starts.extend(start_rows(runtime, &none, &filled, stored, "")?);
            let mut taken = Taken::default();
            for _ in 0..ROUNDS {
                numbers = next(&numbers, BOXES / u32::try_from(by)?);
                taken.relay(runtime, filled.folder(), &numbers)?;
                numbers = next(&numbers, BOXES / u32::try_from(by)?);
                taken.store(runtime, filled.folder(), &numbers)?;
                taken.database(&numbers)?;
                taken.frames(runtime, &numbers)?;
            }
            puts.extend(taken.put_rows(stored)?);
            gets.extend(taken.get_rows(stored)?);
        }
    }
    let many = MANY / by;
    say(&format!("filling up to {many} small boxes"));
    let full = folder()?;
    let mut filled = Filled::new(full.path(), SMALL_BOX)?;
    filled.up_to(many)?;
    let what = format!(" of {SMALL_BOX} bytes");
    starts.extend(start_rows(runtime, &none, &filled, many, &what)?);
    Ok([puts, gets, starts].into_iter().flatten().collect())
}

/// Beside what cargo builds: `/tmp` is memory on many machines.
fn folder() -> Result<tempfile::TempDir> {
    Ok(tempfile::tempdir_in(hushwing_benches_relay::folder()?)?)
}

fn next(before: &std::ops::Range<u32>, len: u32) -> std::ops::Range<u32> {
    before.end..before.end + len
}

/// Microseconds a box of each round.
#[derive(Default)]
struct Taken {
    relay_put: Vec<f64>,
    relay_put_cpu: Vec<f64>,
    relay_get: Vec<f64>,
    relay_get_cpu: Vec<f64>,
    store_put: Vec<f64>,
    store_put_cpu: Vec<f64>,
    store_get: Vec<f64>,
    store_get_cpu: Vec<f64>,
    database_put: Vec<f64>,
    frame: Vec<f64>,
    frame_cpu: Vec<f64>,
}

impl Taken {
    /// Over TLS, by [`CLIENTS`] connections.
    fn relay(
        &mut self,
        runtime: &Runtime,
        folder: &Path,
        numbers: &std::ops::Range<u32>,
    ) -> Result<()> {
        let (server, _) = Server::start(Served::Relay, folder)?;
        let clients = Arc::new(runtime.block_on(clients(&server))?);
        let (each, before) = (each_of(numbers), server.cpu()?);
        let open = clients.clone();
        let took = runtime.block_on(in_lanes(CLIENTS, numbers.clone(), move |lane, number| {
            let client = open[lane].clone();
            async move {
                let put = client.put(&slot(number), &boxed(number), 3_600).await?;
                ensure!(put == PutOutcome::Stored, "it answered {put:?}");
                Ok(())
            }
        }))?;
        self.relay_put.push(each(took));
        self.relay_put_cpu.push(each(server.cpu()? - before));
        let before = server.cpu()?;
        let took = runtime.block_on(in_lanes(CLIENTS, numbers.clone(), move |lane, number| {
            let client = clients[lane].clone();
            async move {
                let got = client.get(&[slot(number)], 0).await?;
                ensure!(got.is_some(), "box {number} is not there");
                Ok(())
            }
        }))?;
        self.relay_get.push(each(took));
        self.relay_get_cpu.push(each(server.cpu()? - before));
        Ok(())
    }

    /// The store's own group commit and its readers, with as many in flight.
    fn store(
        &mut self,
        runtime: &Runtime,
        folder: &Path,
        numbers: &std::ops::Range<u32>,
    ) -> Result<()> {
        let store = Arc::new(SqliteStore::open(folder, without_limits())?);
        let each = each_of(numbers);
        let (putting, getting) = (store.clone(), store.clone());
        let (took, spent) = cpu_of(|| {
            runtime.block_on(in_lanes(CLIENTS, numbers.clone(), move |_, number| {
                let store = putting.clone();
                async move {
                    let put = store.put(deposit(number), 1).await?;
                    ensure!(put == Put::Stored, "it answered {put:?}");
                    Ok(())
                }
            }))
        });
        self.store_put.push(each(took?));
        self.store_put_cpu.push(each(spent.cpu));
        let (took, spent) = cpu_of(|| {
            runtime.block_on(in_lanes(CLIENTS, numbers.clone(), move |_, number| {
                let store = getting.clone();
                async move {
                    let got = store.get(&[deposit_place(number)], 1).await?;
                    ensure!(got.is_some(), "box {number} is not there");
                    Ok(())
                }
            }))
        });
        self.store_get.push(each(took?));
        self.store_get_cpu.push(each(spent.cpu));
        Ok(())
    }

    /// The database alone: one thread that commits as many boxes at once as there
    /// are clients, into a table with nothing else.
    fn database(&mut self, numbers: &std::ops::Range<u32>) -> Result<()> {
        let folder = folder()?;
        let mut conn = Connection::open(folder.path().join("bare.db"))?;
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.execute_batch("CREATE TABLE box (name BLOB PRIMARY KEY, bytes BLOB) STRICT")?;
        let begun = Instant::now();
        let all: Vec<u32> = numbers.clone().collect();
        for some in all.chunks(CLIENTS) {
            let txn = conn.transaction()?;
            for number in some {
                let row = (slot(*number), boxed(*number));
                txn.prepare_cached("INSERT INTO box (name, bytes) VALUES (?1, ?2)")?
                    .execute((row.0.as_bytes(), row.1.as_bytes()))?;
            }
            txn.commit()?;
        }
        self.database_put.push(each_of(numbers)(begun.elapsed()));
        Ok(())
    }

    /// TLS alone: a frame there and back, as for every GET, by as many clients.
    fn frames(&mut self, runtime: &Runtime, numbers: &std::ops::Range<u32>) -> Result<()> {
        let folder = folder()?;
        let (server, _) = Server::start(Served::Frames, folder.path())?;
        let mut open = Vec::new();
        for _ in 0..CLIENTS {
            let stream = runtime.block_on(server.stream())?;
            open.push(tokio::sync::Mutex::new(stream));
        }
        let (open, each, before) = (Arc::new(open), each_of(numbers), server.cpu()?);
        let took = runtime.block_on(in_lanes(CLIENTS, numbers.clone(), move |lane, _| {
            let open = open.clone();
            async move { echo_one(&mut *open[lane].lock().await).await }
        }))?;
        self.frame.push(each(took));
        self.frame_cpu.push(each(server.cpu()? - before));
        Ok(())
    }

    fn put_rows(&self, stored: u64) -> Result<Vec<Row>> {
        let what = |rest: &str| {
            format!("durable PUT of a box of 16 KiB by 256 clients, {stored} boxes stored{rest}")
        };
        let id = |rest: &str| format!("P1/{stored}{rest}");
        let store = "the store's own group commit, 256 in flight";
        Ok(vec![
            Row::of_samples(
                id(""),
                what(", clients on the same cores"),
                store,
                (&self.relay_put, &self.store_put, "us"),
                PUT_GOAL,
            )?,
            Row::of_samples(
                id("/cpu"),
                what(", the relay's process"),
                store,
                (&self.relay_put_cpu, &self.store_put_cpu, "us of CPU"),
                f64::MAX,
            )?,
            Row::of_samples(
                id("/sqlite"),
                format!("the store's own group commit, 256 in flight, {stored} boxes stored"),
                "bare SQLite, 256 boxes a commit, an empty table",
                (&self.store_put, &self.database_put, "us"),
                f64::MAX,
            )?,
        ])
    }

    fn get_rows(&self, stored: u64) -> Result<Vec<Row>> {
        let what = |rest: &str| format!("GET of a box by 256 clients, {stored} boxes stored{rest}");
        let store = "the store's own reads, 256 in flight";
        Ok(vec![
            Row::of_samples(
                format!("P2/{stored}"),
                what(", clients on the same cores"),
                store,
                (&self.relay_get, &self.store_get, "us"),
                GET_GOAL,
            )?,
            Row::of_samples(
                format!("P2/{stored}/cpu"),
                what(", the relay's process"),
                store,
                (&self.relay_get_cpu, &self.store_get_cpu, "us of CPU"),
                f64::MAX,
            )?,
            Row::of_samples(
                format!("P2/{stored}/tls"),
                what(", clients on the same cores"),
                "a frame there and back over bare TLS, 256 clients on the same cores",
                (&self.relay_get, &self.frame, "us"),
                f64::MAX,
            )?,
            Row::of_samples(
                format!("P2/{stored}/tls/cpu"),
                what(", the relay's process"),
                "the same, that server's process",
                (&self.relay_get_cpu, &self.frame_cpu, "us of CPU"),
                f64::MAX,
            )?,
        ])
    }
}

/// Turns what all of `numbers` took into microseconds for one.
fn each_of(numbers: &std::ops::Range<u32>) -> impl Fn(Duration) -> f64 + use<> {
    let count = f64::from(numbers.end - numbers.start);
    move |took| took.as_secs_f64() * 1e6 / count
}

async fn clients(server: &Server) -> Result<Vec<RelayClient>> {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(server.client().await?);
    }
    Ok(clients)
}

/// The store does not look at digests, so making them is no work of its.
fn deposit(number: u32) -> Deposit {
    let place = deposit_place(number);
    Deposit {
        place,
        digest: hushwing_relay::BoxDigest::from_bytes(*place.as_bytes()),
        boxed: boxed(number),
        expires_s: u64::from(u32::MAX),
    }
}

fn deposit_place(number: u32) -> hushwing_relay::Place {
    StoreKey::new([9; 32]).place(&slot(number))
}

/// From the start of a process to its first answer, and its memory then.
fn start_rows(
    runtime: &Runtime,
    none: &Filled,
    filled: &Filled,
    stored: u64,
    of: &str,
) -> Result<Vec<Row>> {
    let (mut ours, mut theirs) = (Started::default(), Started::default());
    for _ in 0..STARTS {
        ours.one(runtime, filled)?;
        theirs.one(runtime, none)?;
    }
    let gib = bytes_as(filled.bytes()?, 30);
    let mut ready = Row::of_samples(
        format!("P4/{stored}"),
        format!(
            "from its start to its first answer, {stored} boxes{of} stored ({gib:.1} GiB), none of \
             the file in memory"
        ),
        "with an empty store",
        (&ours.ms, &theirs.ms, "ms"),
        f64::MAX,
    )?;
    ready = ready.clone().with_rate(Rate {
        value: 1_000.0 / ready.ours,
        unit: "starts a second",
        least: 1.0,
    });
    let memory = Row::of_samples(
        format!("P4/{stored}/memory"),
        format!("memory after that, {stored} boxes{of} stored"),
        "with an empty store",
        (&ours.mib, &theirs.mib, "MiB"),
        START_GOAL,
    )?;
    Ok(vec![ready, memory])
}

#[derive(Default)]
struct Started {
    ms: Vec<f64>,
    mib: Vec<f64>,
}

impl Started {
    fn one(&mut self, runtime: &Runtime, filled: &Filled) -> Result<()> {
        filled.forget()?;
        let begun = Instant::now();
        let (server, _) = Server::start(Served::Relay, filled.folder())?;
        let client = runtime.block_on(server.client())?;
        let got = runtime.block_on(client.get(&[slot(0)], 0))?;
        self.ms.push(begun.elapsed().as_secs_f64() * 1e3);
        ensure!(got.is_none() || got.is_some_and(|(index, _)| index == 0));
        self.mib.push(bytes_as(server.rss()?, 20));
        Ok(())
    }
}

// ----------------------------------------------------------------------- P3

fn waits(runtime: &Runtime, by: u64, files: u64) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for most in WAITS {
        let most = most / usize::try_from(by)?;
        // Each end of a connection takes one in its process.
        let connections = most.min(usize::try_from(files)?.saturating_sub(200));
        if connections < most {
            say(&format!(
                "{files} open files only: {connections} connections, not {most}"
            ));
        }
        let ours = runtime.block_on(memory_of_waits(connections))?;
        let theirs = runtime.block_on(memory_of_streams(connections))?;
        let row = Row::new(
            format!("P3/{connections}"),
            format!("memory of one of {connections} connections with a long poll each"),
            "a bare TLS server that echoed a frame on as many",
            (ours, theirs, "KiB"),
            WAIT_GOAL,
        );
        rows.push(row.with_rate(Rate {
            value: 1_024.0 / ours,
            unit: "connections a MiB",
            least: 1_024.0 / WAIT_KIB,
        }));
    }
    Ok(rows)
}

/// KiB of the relay's process for each of so many waits.
async fn memory_of_waits(connections: usize) -> Result<f64> {
    let folder = folder()?;
    let (server, _) = Server::start(Served::Relay, folder.path())?;
    // What the first of all costs is no cost of one.
    server.client().await?.info().await?;
    tokio::time::sleep(SETTLE).await;
    let before = server.rss()?;
    let mut waiting: JoinSet<Result<()>> = JoinSet::new();
    for number in 0..u32::try_from(connections)? {
        let client = server.client().await?;
        waiting.spawn(async move {
            loop {
                let got = client.get(&[slot(number)], MAX_WAIT_S).await?;
                ensure!(got.is_none(), "a box that nobody put");
            }
        });
    }
    let grown = settled(&server, before).await?;
    ensure!(waiting.try_join_next().is_none(), "a wait ended");
    Ok(bytes_as(grown, 10) / count(connections))
}

/// KiB of the bare server's process for each of so many streams.
async fn memory_of_streams(connections: usize) -> Result<f64> {
    let folder = folder()?;
    let (server, _) = Server::start(Served::Echo, folder.path())?;
    echoed(&server).await?;
    tokio::time::sleep(SETTLE).await;
    let before = server.rss()?;
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(echoed(&server).await?);
    }
    let grown = settled(&server, before).await?;
    Ok(bytes_as(grown, 10) / count(connections))
}

async fn echoed(server: &Server) -> Result<impl AsyncRead + AsyncWrite + Unpin + use<>> {
    let mut stream = server.stream().await?;
    echo_one(&mut stream).await?;
    Ok(stream)
}

async fn echo_one(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<()> {
    let (sent, mut back) = (vec![5; FRAME_LEN], vec![0; FRAME_LEN]);
    stream.write_all(&sent).await?;
    stream.flush().await?;
    stream.read_exact(&mut back).await?;
    ensure!(sent == back, "it is no echo");
    Ok(())
}

async fn settled(server: &Server, before: u64) -> Result<u64> {
    tokio::time::sleep(SETTLE).await;
    server
        .rss()?
        .checked_sub(before)
        .context("its memory has become less")
}

#[allow(clippy::cast_precision_loss, reason = "fewer than 2^52")]
fn bytes_as(bytes: u64, shift: u32) -> f64 {
    bytes as f64 / f64::from(1_u32 << shift)
}

#[allow(clippy::cast_precision_loss, reason = "fewer than 2^52")]
fn count(connections: usize) -> f64 {
    connections as f64
}
