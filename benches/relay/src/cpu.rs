//! Time of the processor, and instructions.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result, bail};
use rustix::time::{ClockId, Timespec, clock_gettime};

/// What a piece of work took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spent {
    /// Of the processor, by all threads of this process.
    pub cpu: Duration,
    /// Of the clock on the wall.
    pub wall: Duration,
}

/// Runs `work` once.
pub fn cpu_of<T>(work: impl FnOnce() -> T) -> (T, Spent) {
    let (cpu, wall) = (now(ClockId::ProcessCPUTime), now(ClockId::Monotonic));
    let result = work();
    let spent = Spent {
        cpu: now(ClockId::ProcessCPUTime).saturating_sub(cpu),
        wall: now(ClockId::Monotonic).saturating_sub(wall),
    };
    (result, spent)
}

fn now(clock: ClockId) -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(clock);
    Duration::from_secs(u64::try_from(tv_sec).unwrap_or_default())
        + Duration::from_nanos(u64::try_from(tv_nsec).unwrap_or_default())
}

/// The middle one; `None` of none.
#[must_use]
pub fn median(mut spent: Vec<Spent>) -> Option<Spent> {
    spent.sort_by_key(|one| one.cpu);
    spent.get(spent.len() / 2).copied()
}

/// Instructions that this program runs inside functions whose name matches
/// `function`, when it is started with `arguments`; by valgrind's callgrind,
/// which leaves its record at `record`. `None` when there is no valgrind.
///
/// # Errors
/// When the program fails under it, or nothing was counted.
pub fn instructions_of(function: &str, arguments: &[&str], record: &Path) -> Result<Option<u64>> {
    let program = std::env::current_exe().context("this program has no path")?;
    let out = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg("--collect-atstart=no")
        .arg(format!("--toggle-collect=*{function}*"))
        .arg(format!("--callgrind-out-file={}", record.display()))
        .arg(program)
        .args(arguments)
        .output();
    let out = match out {
        Ok(out) => out,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("cannot start valgrind"),
    };
    let said = String::from_utf8_lossy(&out.stderr);
    if !out.status.success() {
        bail!("it failed under valgrind:\n{said}");
    }
    let counted = said
        .lines()
        .find_map(|line| {
            line.split_once("Collected : ")
                .map(|(_, count)| count.trim())
        })
        .and_then(|count| count.parse().ok())
        .context("callgrind counted nothing")?;
    Ok(Some(counted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_one_is_neither_the_best_nor_the_worst() {
        let spent = |cpu_ms| Spent {
            cpu: Duration::from_millis(cpu_ms),
            wall: Duration::ZERO,
        };
        let middle = median(vec![spent(9), spent(1), spent(5)]).map(|one| one.cpu);
        assert_eq!(middle, Some(Duration::from_millis(5)));
        assert!(median(Vec::new()).is_none());
    }
}
