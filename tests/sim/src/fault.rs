//! What can go wrong, and how often it did.

use std::{collections::BTreeMap, fmt, str::FromStr};

/// One kind of fault. A seed draws which kinds it has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Fault {
    /// A request never arrives.
    Loss,
    /// A request arrives and its answer does not.
    AnswerLost,
    /// A request is under way for minutes, past its deadline.
    Delay,
    /// Requests overtake each other.
    Reorder,
    /// A request arrives twice.
    Duplicate,
    /// Somebody and a relay, or two people, do not reach each other for a while.
    Partition,
    /// A relay stops and comes back; what it acknowledged is still there.
    RelayCrash,
    /// A relay acknowledges boxes that it does not keep.
    RelaySwallows,
    /// A relay loses everything that it acknowledged.
    RelayForgets,
    /// A relay answers with boxes that it has seen before.
    RelayReplays,
    /// A relay says that another box lies where none does, or gives out another.
    RelayEquivocates,
    /// A relay alters boxes.
    RelayForges,
    /// A relay answers after minutes.
    RelayLate,
    /// A relay is gone for good.
    RelayGone,
    /// A relay has no room for a while.
    RelayFull,
    /// Somebody's clock is wrong by days, or is set back.
    ClockSkew,
    /// Somebody's machine sleeps and wakes up.
    Suspend,
    /// Somebody's machine loses power between two writes of a step, or after
    /// its commit with some of its effects out.
    Crash,
    /// Somebody's disk fails in the middle of a step.
    DiskError,
    /// Somebody closes the program for hours.
    Offline,
    /// Somebody has no Tor for a while.
    NoTor,
    /// Somebody restores an old backup, and the program knows it.
    Restore,
    /// Somebody's files become older ones, and nobody knows it.
    RollBack,
    /// The direct path works and does not.
    DirectFlaps,
    /// A box is spoiled before it is sealed: whoever opens it cannot read it.
    Poison,
}

impl Fault {
    /// Whether it is one of a bad line, and nothing worse.
    #[must_use]
    pub fn is_bad_line(self) -> bool {
        matches!(
            self,
            Self::Loss | Self::AnswerLost | Self::Delay | Self::Reorder | Self::Duplicate
        )
    }

    /// All kinds, in the order of the table.
    pub const ALL: [Self; 25] = [
        Self::Loss,
        Self::AnswerLost,
        Self::Delay,
        Self::Reorder,
        Self::Duplicate,
        Self::Partition,
        Self::RelayCrash,
        Self::RelaySwallows,
        Self::RelayForgets,
        Self::RelayReplays,
        Self::RelayEquivocates,
        Self::RelayForges,
        Self::RelayLate,
        Self::RelayGone,
        Self::RelayFull,
        Self::ClockSkew,
        Self::Suspend,
        Self::Crash,
        Self::DiskError,
        Self::Offline,
        Self::NoTor,
        Self::Restore,
        Self::RollBack,
        Self::DirectFlaps,
        Self::Poison,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::AnswerLost => "answer-lost",
            Self::Delay => "delay",
            Self::Reorder => "reorder",
            Self::Duplicate => "duplicate",
            Self::Partition => "partition",
            Self::RelayCrash => "relay-crash",
            Self::RelaySwallows => "relay-swallows",
            Self::RelayForgets => "relay-forgets",
            Self::RelayReplays => "relay-replays",
            Self::RelayEquivocates => "relay-equivocates",
            Self::RelayForges => "relay-forges",
            Self::RelayLate => "relay-late",
            Self::RelayGone => "relay-gone",
            Self::RelayFull => "relay-full",
            Self::ClockSkew => "clock-skew",
            Self::Suspend => "suspend",
            Self::Crash => "crash",
            Self::DiskError => "disk-error",
            Self::Offline => "offline",
            Self::NoTor => "no-tor",
            Self::Restore => "restore",
            Self::RollBack => "roll-back",
            Self::DirectFlaps => "direct-flaps",
            Self::Poison => "poison",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|fault| fault.name() == name)
            .ok_or_else(|| format!("there is no fault named {name}"))
    }
}

/// How many seeds drew each fault, and how often it struck.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct FaultTable {
    rows: BTreeMap<Fault, Row>,
}

#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
struct Row {
    drawn: u64,
    struck_in: u64,
    strikes: u64,
}

impl FaultTable {
    /// A seed drew this kind.
    pub fn drew(&mut self, fault: Fault) {
        self.rows.entry(fault).or_default().drawn += 1;
    }

    /// It struck.
    pub fn struck(&mut self, fault: Fault) {
        self.struck_times(fault, 1);
    }

    /// It struck so many times.
    pub fn struck_times(&mut self, fault: Fault, times: u64) {
        let row = self.rows.entry(fault).or_default();
        row.strikes += times;
        row.struck_in = u64::from(row.strikes > 0);
    }

    /// How often a kind struck.
    #[must_use]
    pub fn strikes(&self, fault: Fault) -> u64 {
        self.rows.get(&fault).map_or(0, |row| row.strikes)
    }

    /// Adds another seed's table.
    pub fn add(&mut self, other: &Self) {
        for (fault, row) in &other.rows {
            let sum = self.rows.entry(*fault).or_default();
            sum.drawn += row.drawn;
            sum.struck_in += row.struck_in;
            sum.strikes += row.strikes;
        }
    }
}

impl fmt::Display for FaultTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<18} {:>8} {:>10} {:>10}",
            "fault", "drawn by", "struck in", "strikes"
        )?;
        for fault in Fault::ALL {
            let row = self.rows.get(&fault).copied().unwrap_or_default();
            writeln!(
                f,
                "{fault:<18} {:>8} {:>10} {:>10}",
                row.drawn, row.struck_in, row.strikes
            )?;
        }
        Ok(())
    }
}
