//! Tests that look under the covers: into pages, at each step of creating, and
//! into the life of other processes.

mod changing;
mod creating;
mod full_disk;
mod newer;
mod pages;
mod residue;
mod wiping;

use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::{KdfParams, Passphrase, Vault};

const WEAK: KdfParams = KdfParams::dangerously_weak_for_tests();

fn passphrase() -> Passphrase {
    Passphrase::new(Zeroizing::new("a test's passphrase".to_owned())).unwrap()
}

fn new_vault() -> (TempDir, Vault) {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::create(dir.path(), &passphrase(), WEAK).unwrap();
    (dir, vault)
}
