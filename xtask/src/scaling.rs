//! `xtask scaling`: `docs/scaling.md`, computed from the measured rows of
//! `docs/performance.json` and from assumptions that are named.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use crate::docs::Texts;
use crate::performance::{self, FIGURES};

const PAGE: &str = "docs/scaling.md";

/// Users of each column.
const USERS: [f64; 3] = [1e4, 1e6, 1e8];

const DAY_S: f64 = 86_400.0;
/// Bytes of a frame, of a box in the store and of a tombstone: `wire::limits`,
/// `relay::store`.
const FRAME: f64 = 16_896.0;
const BOX_COST: f64 = 17_408.0;
const TOMBSTONE_COST: f64 = 256.0;

/// What is assumed, with the reason: nobody has measured any of it.
struct Assumption {
    what: &'static str,
    value: f64,
    unit: &'static str,
    why: &'static str,
}

macro_rules! assumptions {
    ($($name:ident: $value:expr, $unit:expr, $what:expr, $why:expr;)*) => {
        $(const $name: Assumption = Assumption {
            what: $what,
            value: $value,
            unit: $unit,
            why: $why,
        };)*
        const ASSUMPTIONS: &[&Assumption] = &[$(&$name),*];
    };
}

assumptions! {
    ONLINE: 0.3, "of all users", "online at once", "daemons run while people are awake and at a machine";
    CONTACTS: 10.0, "a user", "conversations that are waited for", "each has a wait at each of one's relays (5.4)";
    CONTACTS_BUDGETED: 3.0, "a user", "the same with a budget of circuits", "the newest ones; the budget is designed, not built";
    POLL_MIN: 15.0, "minutes", "between looks at the other conversations, with a budget", "mail there is late by half of it on average";
    RELAYS: 2.0, "a user", "relays", "the default";
    TEXTS: 40.0, "a user a day", "texts written", "a guess, rather too many";
    BOXES: 1.5, "a text", "boxes", "receipts are gathered, and go with answers where there are any";
    BY_RELAY: 0.7, "of all boxes", "go by relay", "the others find their reader online on the direct path";
    STAY_H: 8.0, "hours", "a box waits at a relay", "a night, for whoever is away";
    TOMBSTONE_DAYS: 21.0, "days", "a tombstone stays", "the default life of a box";
    WAIT_S: 60.0, "s", "of one wait; then it is asked anew", "5.4";
    PEAK: 3.0, "times the mean", "in the busiest hour", "one continent awake";
    CIRCUIT_KIB: 50.0, "KiB", "memory of Tor for one circuit at the relay", "`transport-tor` says some tens; not measured";
    TOR_CPU: 2.0, "times ours", "processor that Tor takes at the relay beside our own", "three layers of cells; not measured";
    CORES: 2.0, "", "cores of a relay's machine", "a small rented one";
    CORE_SHARE: 0.5, "of them", "used in the busiest hour", "room for floods";
    MEMORY_GIB: 4.0, "GiB", "its memory, half of it used", "the same";
    DISK_GB: 100.0, "GB", "its disk, half of it used", "the same";
    LINE_MBIT: 200.0, "Mbit/s", "its line in the busiest hour", "a fifth of what is sold as 1 Gbit/s";
    CONNECTIONS: 12_288.0, "", "connections of a relay", "its default bound";
    PRICE: 8.0, "EUR a month", "for such a machine", "rented in Europe, 20 TB of traffic";
    TOR_GBIT: 300.0, "Gbit/s", "that all of Tor carries today", "as metrics.torproject.org has shown for some years, about";
    HOPS: 6.0, "", "Tor relays that each byte passes", "three of each side";
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Measured {
    put_us: f64,
    get_us: f64,
    wait_kib: f64,
    commit_us: f64,
}

/// The rows that the page stands on.
const ROWS: [(&str, &str); 4] = [
    ("P1/1000000/cpu", "processor for a PUT"),
    ("P2/1000000/cpu", "processor for a GET"),
    ("P3/10000", "memory of a connection that waits"),
    (
        "P1/1000000/sqlite",
        "the disk's time for a box, 256 a commit",
    ),
];

impl Measured {
    fn of(rows: &performance::Rows) -> Result<Self> {
        let ours = |at: usize| {
            rows.ours(ROWS[at].0)
                .with_context(|| format!("{FIGURES} has no row {}: ./x bench p1", ROWS[at].0))
        };
        Ok(Self {
            put_us: ours(0)?,
            get_us: ours(1)?,
            wait_kib: ours(2)?,
            commit_us: ours(3)?,
        })
    }
}

/// What all relays together need for so many users, in the busiest hour where it
/// is a rate.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Need {
    boxes_a_day: f64,
    connections: f64,
    boxes_stored: f64,
    store_gb: f64,
    puts_a_s: f64,
    waits_a_s: f64,
    line_mbit: f64,
    idle_share: f64,
    cores: f64,
    memory_gib: f64,
    disks: f64,
}

/// How many conversations are waited for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Manner {
    /// All, all the time: as it is built.
    Everything,
    /// A few, and looks at the others.
    Budgeted,
}

impl Need {
    fn of(users: f64, manner: Manner, measured: &Measured) -> Self {
        let boxes_a_day = users * TEXTS.value * BOXES.value * BY_RELAY.value * RELAYS.value;
        let online = users * ONLINE.value * RELAYS.value;
        let (waited, polled) = match manner {
            Manner::Everything => (CONTACTS.value, 0.0),
            Manner::Budgeted => (
                CONTACTS_BUDGETED.value,
                CONTACTS.value - CONTACTS_BUDGETED.value,
            ),
        };
        let polls_a_s = online * polled / (POLL_MIN.value * 60.0);
        // A look at a conversation has a connection for some seconds.
        let connections = online * waited + polls_a_s * 10.0;
        let puts_a_s = boxes_a_day / DAY_S * PEAK.value;
        let waits_a_s = online * waited / WAIT_S.value + polls_a_s;
        // Each box is put, found and dropped; a drop commits as a put does.
        let frames_a_s = 2.0 * (3.0 * puts_a_s + waits_a_s);
        let us_a_s =
            puts_a_s * (2.0 * measured.put_us + measured.get_us) + waits_a_s * measured.get_us;
        let boxes_stored = boxes_a_day * STAY_H.value / 24.0;
        let tombstones = boxes_a_day * TOMBSTONE_DAYS.value;
        Self {
            boxes_a_day,
            connections,
            boxes_stored,
            store_gb: (boxes_stored * BOX_COST + tombstones * TOMBSTONE_COST) / 1e9,
            puts_a_s,
            waits_a_s,
            line_mbit: frames_a_s * FRAME * 8.0 / 1e6,
            idle_share: waits_a_s / (3.0 * puts_a_s + waits_a_s),
            cores: us_a_s / 1e6 * (1.0 + TOR_CPU.value),
            memory_gib: connections * (measured.wait_kib + CIRCUIT_KIB.value) / f64::from(1 << 20),
            disks: 2.0 * puts_a_s * measured.commit_us / 1e6,
        }
    }

    /// Machines that each kind of thing would need.
    fn machines(&self) -> [(&'static str, f64); 6] {
        [
            ("connections", self.connections / CONNECTIONS.value),
            ("memory", self.memory_gib / (MEMORY_GIB.value / 2.0)),
            ("line", self.line_mbit / LINE_MBIT.value),
            ("processor", self.cores / (CORES.value * CORE_SHARE.value)),
            ("disk, room", self.store_gb / (DISK_GB.value / 2.0)),
            ("disk, commits", self.disks / 0.5),
        ]
    }

    /// The most that any of them needs, two at least, since everybody has two.
    fn relays(&self) -> (f64, &'static str) {
        let (what, most) = self
            .machines()
            .into_iter()
            .max_by(|(_, one), (_, other)| one.total_cmp(other))
            .expect("there are six");
        (most.ceil().max(RELAYS.value), what)
    }
}

/// Makes the page.
///
/// # Errors
/// When figures are missing or the page cannot be written.
pub(crate) fn make(root: &Path) -> Result<String> {
    let text = std::fs::read_to_string(root.join(FIGURES))
        .with_context(|| format!("cannot read {FIGURES}"))?;
    let page = page(&text)?;
    std::fs::write(root.join(PAGE), &page).with_context(|| format!("cannot write {PAGE}"))?;
    Ok(page)
}

/// The page says what the figures and the assumptions say.
pub(crate) fn check(texts: &Texts) -> Vec<String> {
    let text = |name: &str| texts.get(Path::new(name)).map(String::as_str);
    let Some(figures) = text(FIGURES) else {
        return Vec::new();
    };
    match page(figures) {
        Err(error) => vec![format!("{PAGE} cannot be computed: {error:#}")],
        Ok(page) if text(PAGE) == Some(page.as_str()) => Vec::new(),
        Ok(_) => vec![format!(
            "{PAGE} is not computed from {FIGURES}: xtask scaling"
        )],
    }
}

const INTRODUCTION: &str = "\
# Scaling

Made by `xtask scaling` out of [`performance.json`](performance.json) and the assumptions below; changes by hand are lost. The page is only as good as the
assumptions: none of them was measured, and the formulas stand in `xtask/src/scaling.rs` for whoever wants to put in others.

There is nothing to shard: a slot is at the relays that its reader named, relays do not know each other, and a person is told by any of his relays. More users are more
relays, and no relay has to know of the others.
";

const LIMITS: &str = "
## What it tells

Most of the load is not mail but waits that find nothing: each is a frame there and a frame back, once a minute, at each relay of each conversation. Waits of 120 s, which a relay grants, would
halve it, a budget of circuits takes more; short frames for waits would show whoever watches the line which is one. Relays are cheap and bounded by how many connections they hold. What is not
cheap is Tor: a million users would be a large part of all that it carries today, and a hundred million many times that. A network of such a size has to bring Tor relays of its own.

What this leaves out: Tor's own work at the relay (assumed above, not measured), directory traffic, floods, attachments and groups, which are not built. Money is for machines alone;
whoever runs them is not paid in it. A relay that serves on an onion service is one `arti` in one process.
";

fn page(figures: &str) -> Result<String> {
    let measured = Measured::of(&performance::Rows::read(figures)?)?;
    let mut page = INTRODUCTION.to_owned();
    page.push_str("\n## Measured\n\n| row | what | |\n|---|---|--:|\n");
    let values = [
        format!("{:.0} us", measured.put_us),
        format!("{:.0} us", measured.get_us),
        format!("{:.1} KiB", measured.wait_kib),
        format!("{:.0} us", measured.commit_us),
    ];
    for ((row, what), value) in ROWS.iter().zip(values) {
        let _ = writeln!(page, "| {row} | {what} | {value} |");
    }
    page.push_str("\n## Assumed\n\n| what | | why |\n|---|--:|---|\n");
    for one in ASSUMPTIONS {
        let value = format!("{} {}", number(one.value), one.unit);
        let _ = writeln!(page, "| {} | {} | {} |", one.what, value.trim(), one.why);
    }
    for (manner, heading) in [
        (
            Manner::Everything,
            "As it is built: every conversation is waited for",
        ),
        (
            Manner::Budgeted,
            "With a budget of circuits, which is not built",
        ),
    ] {
        let needs = USERS.map(|users| Need::of(users, manner, &measured));
        let _ = write!(page, "\n## {heading}\n\n{}", table(&needs));
    }
    page.push_str(LIMITS);
    Ok(page)
}

fn table(needs: &[Need; 3]) -> String {
    let mut table = "| users |".to_owned();
    for users in USERS {
        let _ = write!(table, " {} |", number(users));
    }
    table.push_str("\n|---|--:|--:|--:|\n");
    let mut row = |what: &str, of: &dyn Fn(&Need) -> String| {
        let cells: Vec<String> = needs.iter().map(of).collect();
        let _ = writeln!(table, "| {what} | {} |", cells.join(" | "));
    };
    row("boxes a day", &|need| number(need.boxes_a_day));
    row("boxes stored", &|need| number(need.boxes_stored));
    row("GB of stores, tombstones too", &|need| {
        number(need.store_gb)
    });
    row("connections and circuits that wait", &|need| {
        number(need.connections)
    });
    row("puts a second, peak", &|need| number(need.puts_a_s));
    row("waits begun a second", &|need| number(need.waits_a_s));
    row("Mbit/s, peak, both directions", &|need| {
        number(need.line_mbit)
    });
    row("of it for waits that find nothing", &|need| {
        format!("{:.0} %", need.idle_share * 100.0)
    });
    row("Tor's load in Gbit/s, all hops", &|need| {
        number(need.line_mbit / 1e3 * HOPS.value)
    });
    row("of what Tor carries today", &|need| {
        format!(
            "{} %",
            number(need.line_mbit / 1e3 * HOPS.value / TOR_GBIT.value * 100.0)
        )
    });
    row("cores, Tor's included", &|need| number(need.cores));
    row("GiB of memory, Tor's included", &|need| {
        number(need.memory_gib)
    });
    row("relays", &|need| number(need.relays().0));
    row("bounded by", &|need| need.relays().1.to_owned());
    row("EUR a month", &|need| number(need.relays().0 * PRICE.value));
    row("EUR a user a year", &|need| {
        number(need.relays().0 * PRICE.value * 12.0 / (need.boxes_a_day / boxes_of_one()))
    });
    table
}

/// Boxes of one user a day.
fn boxes_of_one() -> f64 {
    TEXTS.value * BOXES.value * BY_RELAY.value * RELAYS.value
}

/// Two digits that matter, and thousands apart; more would pretend to know.
fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if value < 10.0 {
        let text = format!("{value:.3}");
        let digits = text.find(|c: char| ('1'..='9').contains(&c)).unwrap_or(0);
        let keep = if value >= 1.0 { 3 } else { (digits + 2).min(5) };
        let cut = format!("{value:.*}", keep.saturating_sub(2));
        return cut.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let digits = value.log10().floor();
    let step = 10_f64.powf((digits - 1.0).max(0.0));
    let text = format!("{:.0}", (value / step).round() * step);
    let mut grouped = String::new();
    for (at, digit) in text.chars().enumerate() {
        if at > 0 && (text.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const MEASURED: Measured = Measured {
        put_us: 100.0,
        get_us: 50.0,
        wait_kib: 30.0,
        commit_us: 40.0,
    };

    fn figures() -> String {
        let row = |id: &str, ours: f64| {
            format!(
                r#"{{"id":"{id}","what":"a","against":null,"ours":{ours},"baseline":null,"unit":"us",
                "ratio":null,"goal":null,"rate":null,"met":null,"quartiles":null,"samples":null}}"#
            )
        };
        let rows: Vec<String> = ROWS
            .iter()
            .zip([100.0, 50.0, 30.0, 40.0])
            .map(|((id, _), ours)| row(id, ours))
            .collect();
        format!(
            r#"[{{"program":"relay","machine":"m","profile":"measure","rows":[{}]}}]"#,
            rows.join(",")
        )
    }

    /// By hand: 10,000 users write 400,000 texts, so 600,000 boxes, of which 420,000
    /// go by relay, to two relays each.
    #[test]
    fn needs_are_what_the_assumptions_give_by_hand() {
        let need = Need::of(1e4, Manner::Everything, &MEASURED);
        assert!((need.boxes_a_day - 840_000.0).abs() < 1e-6);
        assert!((need.connections - 60_000.0).abs() < 1e-6);
        assert!((need.waits_a_s - 1_000.0).abs() < 1e-6);
        assert!((need.boxes_stored - 280_000.0).abs() < 1e-6);
        assert!((need.puts_a_s - 840_000.0 / 86_400.0 * 3.0).abs() < 1e-9);
        assert_eq!(need.relays().0, (60_000.0_f64 / 12_288.0).ceil());
        assert_eq!(need.relays().1, "connections");
        let less = Need::of(1e4, Manner::Budgeted, &MEASURED);
        assert!(less.connections < need.connections / 3.0);
    }

    #[test]
    fn ten_times_the_users_need_ten_times_everything() {
        let (one, ten) = (
            Need::of(1e6, Manner::Everything, &MEASURED),
            Need::of(1e7, Manner::Everything, &MEASURED),
        );
        for (one, ten) in one.machines().iter().zip(ten.machines()) {
            assert!((one.1 * 10.0 - ten.1).abs() < 1e-6 * ten.1, "{}", one.0);
        }
    }

    #[test]
    fn a_page_that_drifted_from_the_rows_is_named() {
        let texts = |figures: String, page: Option<String>| -> Texts {
            let page = page.map(|page| (PathBuf::from(PAGE), page));
            [(PathBuf::from(FIGURES), figures)]
                .into_iter()
                .chain(page)
                .collect()
        };
        let good = page(&figures()).unwrap();
        assert!(check(&texts(figures(), Some(good.clone()))).is_empty());
        let drifted = "docs/scaling.md is not computed from docs/performance.json: xtask scaling";
        assert_eq!(check(&texts(figures(), None)), [drifted]);
        let other = figures().replace(r#""ours":100"#, r#""ours":200"#);
        assert_eq!(check(&texts(other, Some(good.clone()))), [drifted]);
        let missing = figures().replace("P3/10000", "P3/1000");
        assert!(check(&texts(missing, Some(good)))[0].contains("has no row P3/10000"));
        assert!(check(&Texts::new()).is_empty());
    }

    #[test]
    fn numbers_pretend_to_know_two_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.07, "0.07"),
            (0.3, "0.3"),
            (1.5, "1.5"),
            (8.0, "8"),
            (12_288.0, "12,000"),
            (840_000.0, "840,000"),
            (100.0, "100"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
