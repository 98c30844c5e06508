//! What passed over a stack stays on it until something else does, and threads rest for
//! longer than an account is open.

use zeroize::Zeroize as _;

use crate::limits;

/// Wipes what answers to front ends have left on this thread's stack, which names people
/// and shows what they wrote. For a program's own threads, each time that they go idle:
/// they outlive a lock.
pub fn wipe_idle_stack() {
    wipe_below::<{ limits::WIPED_IDLE_STACK }>();
}

/// Wipes what earlier calls have left on this thread's stack: keys pass through it by
/// value, in libraries that do not wipe them.
pub(crate) fn wipe_stack() {
    wipe_below::<{ limits::WIPED_STACK }>();
}

#[inline(never)]
fn wipe_below<const BYTES: usize>() {
    let mut below = [0_u8; BYTES];
    below.zeroize();
    std::hint::black_box(&below);
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::{
        fs::{self, File},
        hint::black_box,
        os::unix::fs::FileExt as _,
        thread,
    };

    use super::*;

    /// Copies what it is given to a place deep on the stack.
    #[inline(never)]
    fn deep(marker: &[u8; 32], more: u32) -> u8 {
        let mut space = [0_u8; 1024];
        if more > 0 {
            return deep(marker, more - 1).wrapping_add(black_box(&mut space)[0]);
        }
        space[500..532].copy_from_slice(marker);
        black_box(&mut space)[510]
    }

    /// How often `marker` stands on the stack of this thread.
    fn found(marker: &[u8; 32]) -> usize {
        let here = std::ptr::from_ref(&black_box(0_u8)).addr() as u64;
        let number = |text: &str| u64::from_str_radix(text, 16).ok();
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let stack = maps.lines().find_map(|line| {
            let (from, rest) = line.split_once('-')?;
            let range = number(from)?..number(rest.split_once(' ')?.0)?;
            range.contains(&here).then_some(range)
        });
        let stack = stack.unwrap();
        let mut bytes = vec![0; usize::try_from(stack.end - stack.start).unwrap()];
        let memory = File::open("/proc/self/mem").unwrap();
        memory.read_exact_at(&mut bytes, stack.start).unwrap();
        bytes.windows(32).filter(|window| window == marker).count()
    }

    /// Claim Z1.
    #[test]
    fn what_calls_left_on_a_stack_is_wiped() {
        for wipe in [None, Some(wipe_idle_stack as fn()), Some(wipe_stack)] {
            // On the heap alone, and made at run time, on another stack.
            let marker: Box<[u8; 32]> = Box::new(std::array::from_fn(|at| {
                black_box(u8::try_from(at).unwrap()) ^ 0xA5
            }));
            let left = thread::spawn(move || {
                // Deeper than the search itself goes.
                deep(&marker, 30);
                if let Some(wipe) = wipe {
                    wipe();
                }
                found(&marker)
            });
            let left = left.join().unwrap();
            assert_eq!(left > 0, wipe.is_none(), "{left} copies");
        }
    }
}
