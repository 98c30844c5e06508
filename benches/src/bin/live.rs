//! P5 and P6: what a text takes from its writer to the reader's device, over
//! onion services on a private Tor network, against frames of the same size on
//! a raw onion stream.
//!
//! A text and an echo take turns, so that a busy machine hits both alike. One
//! way is half of an echo whose frame is sent back when it is there as a whole.

use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use hushwing_benches::{
    Row, TEXT,
    live::{Arrival, EchoTime, Stage},
    publish, say,
};
use hushwing_node::schema::DeliveryPolicy;
use tokio::time::sleep;

/// Texts over Tor, against raw onion streams.
#[derive(Parser)]
struct Args {
    /// Texts of each row
    #[arg(long, default_value_t = 40)]
    texts: usize,
}

/// Ours may take so many times what the bare way takes.
const GOAL: f64 = 1.3;

/// Texts before the first that counts: circuits, links, the reader's wait.
const WARM_UP: usize = 4;

/// Between two texts: longer than a receipt waits for company, so that none of
/// them is on the way when the next text leaves.
const PAUSE: Duration = Duration::from_millis(1_200);

/// Texts written at once, for how the cost grows.
const BURSTS: [u16; 3] = [1, 10, 100];

/// How often each burst is written.
const BURST_ROUNDS: usize = 5;

/// The same way in each row, for the reader of the table.
const ECHO: &str = "half of a raw echo of one frame on an onion stream";
const BY_RELAY: &str = "one and a half raw echoes of one frame on an onion stream";

fn main() -> Result<()> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let rows = runtime.block_on(measure(args.texts))?;
    publish("live", &rows)
}

async fn measure(texts: usize) -> Result<Vec<Row>> {
    say("a network, a relay and two nodes come up ...");
    let mut stage = Stage::set().await?;
    let mut rows = Vec::new();
    for way in [Way::Direct, Way::Relay] {
        let policy = match way {
            Way::Direct => DeliveryPolicy::DirectOnly,
            Way::Relay => DeliveryPolicy::RelayOnly,
        };
        stage.alice.deliver_by(policy).await?;
        stage.bob.deliver_by(policy).await?;
        for order in [Order::OneWriter, Order::InTurns] {
            rows.extend(alternate(&mut stage, way, order, texts).await?);
        }
        for burst in BURSTS {
            rows.push(bursts(&mut stage, way, burst).await?);
        }
    }
    stage.strike().await;
    Ok(rows)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Direct,
    Relay,
}

impl Way {
    fn id(self) -> &'static str {
        match self {
            Self::Direct => "P5",
            Self::Relay => "P6",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Direct => "direct, both online",
            Self::Relay => "by relay, the reader waiting",
        }
    }

    /// How many ways of half an echo the bare way has.
    fn halves(self) -> f64 {
        match self {
            Self::Direct => 1.0,
            Self::Relay => 3.0,
        }
    }

    fn against(self) -> &'static str {
        match self {
            Self::Direct => ECHO,
            Self::Relay => BY_RELAY,
        }
    }
}

/// Who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// One person; a text carries no new keys.
    OneWriter,
    /// Both, each answering the other; every text carries new keys.
    InTurns,
}

async fn alternate(stage: &mut Stage, way: Way, order: Order, texts: usize) -> Result<[Row; 2]> {
    let (mut ours, mut known, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..texts + WARM_UP {
        let text = format!("{} {order:?} {number}: {TEXT}", way.id());
        let turn = order == Order::InTurns && number % 2 == 1;
        let arrival = text_of(stage, turn, &text).await?;
        sleep(PAUSE).await;
        let echo = stage.echo.round(1).await?;
        if number >= WARM_UP {
            ours.push(millis(arrival.arrived));
            known.push(millis(arrival.known));
            bare.push(way.halves() * half(echo));
        }
    }
    let (suffix, words) = match order {
        Order::OneWriter => ("", "one writer"),
        Order::InTurns => ("/turns", "in turns, each with new keys"),
    };
    let what = format!("a text on the reader's device, {}, {words}", way.words());
    let id = format!("{}{suffix}", way.id());
    let figures = (&ours[..], &bare[..], "ms");
    let arrived = Row::of_samples(&id, what, way.against(), figures, GOAL)?;
    say(&arrived.line());
    let what = format!("the writer knows of it, {}, {words}", way.words());
    let id = format!("{id}/known");
    let figures = (&known[..], &bare[..], "ms");
    let told = Row::of_samples(id, what, way.against(), figures, f64::MAX)?;
    Ok([arrived, told])
}

async fn text_of(stage: &mut Stage, turn: bool, text: &str) -> Result<Arrival> {
    let Stage { alice, bob, .. } = stage;
    if turn {
        bob.write(alice, text).await
    } else {
        alice.write(bob, text).await
    }
}

/// Texts written at once, against as many frames on a raw stream, one after the
/// other.
async fn bursts(stage: &mut Stage, way: Way, burst: u16) -> Result<Row> {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for round in 0..BURST_ROUNDS {
        let texts: Vec<String> = (0..burst)
            .map(|number| format!("{} burst {burst}.{round}.{number}: {TEXT}", way.id()))
            .collect();
        let arrival = stage.alice.burst(&mut stage.bob, &texts).await?;
        sleep(PAUSE).await;
        let echo = stage.echo.round(burst).await?;
        ours.push(millis(arrival.arrived) / f64::from(burst));
        bare.push(millis(echo.there) / f64::from(burst));
    }
    let what = format!("each of {burst} texts written at once, {}", way.words());
    let against = format!("each of {burst} frames on a raw onion stream, one way");
    let id = format!("{}/burst-{burst}", way.id());
    let row = Row::of_samples(id, what, against, (&ours, &bare, "ms"), f64::MAX)?;
    say(&row.line());
    Ok(row)
}

fn half(echo: EchoTime) -> f64 {
    millis(echo.there + echo.back) / 2.0
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
