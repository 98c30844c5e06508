//! What passed over a stack stays on it until something else does: copies of a slot on the
//! stack of a thread that rests outlive the request by hours. `[HW-RELAY-12]`

use std::{
    hint::black_box,
    pin::Pin,
    task::{Context, Poll},
};

/// Bytes of the stack below a poll that are written over after it: more than a request
/// uses, in builds without optimisation as well (some 30 KiB), and some microseconds.
const DEPTH: usize = 64 * 1024;

/// A future that leaves nothing of what it did on the stack of the thread that polled it.
pub(crate) struct Traceless<F>(Pin<Box<F>>);

impl<F: Future> Traceless<F> {
    pub(crate) fn new(future: F) -> Self {
        Self(Box::pin(future))
    }
}

impl<F: Future> Future for Traceless<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        traceless(|| self.0.as_mut().poll(cx))
    }
}

/// Does `work` and leaves nothing of it on the stack of this thread; what it is given by
/// reference, and not by value, is not there before either.
pub(crate) fn traceless<T>(work: impl FnOnce() -> T) -> T {
    let outcome = below(work);
    write_over();
    outcome
}

/// In a frame of its own, which is written over with all below it: where the compiler
/// makes one frame of several, it does not make it of this one.
#[inline(never)]
fn below<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Writes over the stack below its caller.
#[inline(never)]
fn write_over() {
    let mut below = [0_u8; DEPTH];
    black_box(&mut below);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{
        fs::{self, File},
        os::unix::fs::FileExt as _,
        task::Waker,
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
    fn on_this_stack(marker: &[u8; 32]) -> usize {
        let here = std::ptr::from_ref(&black_box(0_u8)).addr() as u64;
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let range = maps.lines().find_map(|line| {
            let (from, rest) = line.split_once('-')?;
            let (to, _) = rest.split_once(' ')?;
            let (from, to) = (
                u64::from_str_radix(from, 16).ok()?,
                u64::from_str_radix(to, 16).ok()?,
            );
            (from..to).contains(&here).then_some((from, to))
        });
        let (from, to) = range.unwrap();
        let mut stack = vec![0; usize::try_from(to - from).unwrap()];
        let memory = File::open("/proc/self/mem").unwrap();
        memory.read_exact_at(&mut stack, from).unwrap();
        stack.windows(32).filter(|window| window == marker).count()
    }

    fn left_after(poll: impl FnOnce(&[u8; 32]) + Send + 'static) -> usize {
        // On the heap alone, and made at run time.
        let marker: Box<[u8; 32]> = Box::new(std::array::from_fn(|at| {
            black_box(u8::try_from(at).unwrap()) ^ 0xA5
        }));
        let thread = std::thread::spawn(move || {
            poll(&marker);
            on_this_stack(&marker)
        });
        thread.join().unwrap()
    }

    /// `[HW-RELAY-12]`
    #[test]
    fn what_a_poll_left_on_the_stack_is_written_over() {
        let poll = |future: Pin<&mut dyn Future<Output = u8>>| {
            assert!(
                future
                    .poll(&mut Context::from_waker(Waker::noop()))
                    .is_ready()
            );
        };
        // Below what the search itself writes over, above the end of what is written over.
        for depth in [20, 30, 40] {
            let left = left_after(move |marker| {
                poll(std::pin::pin!(async { deep(marker, depth) }));
            });
            assert!(left > 0, "the search finds what is there");
            let left = left_after(move |marker| {
                poll(std::pin::pin!(Traceless::new(async {
                    deep(marker, depth)
                })));
            });
            assert_eq!(left, 0);
            let left = left_after(move |marker| {
                traceless(|| deep(marker, depth));
            });
            assert_eq!(left, 0, "beside the runtime");
        }
    }
}
