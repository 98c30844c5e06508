//! Which keys and nonces sealed something in this program, as hashes in a file, so that a
//! test of whole programs can see whether a pair came twice. Only with the feature
//! `aead-recorder`, which no program that ships turns on.

use std::{
    fs::OpenOptions,
    io::Write as _,
    sync::{Mutex, PoisonError},
};

/// Names the file, to which lines are added.
const VARIABLE: &str = "HUSHWING_AEAD_RECORD";

/// Begins to record, if a file is named.
pub(crate) fn begin() {
    let Some(path) = std::env::var_os(VARIABLE) else {
        return;
    };
    let file = OpenOptions::new().create(true).append(true).open(path);
    let file = Mutex::new(file.expect("the test names a file that can be written"));
    hushwing_protocol::simulation::tell_pairs(Box::new(move |pair| {
        let mut line = String::with_capacity(2 * pair.len() + 1);
        for byte in pair {
            line.push_str(&format!("{byte:02x}"));
        }
        line.push('\n');
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes())
            .expect("what is not recorded cannot be searched");
    }));
}
