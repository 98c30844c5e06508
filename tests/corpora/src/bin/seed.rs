//! Writes the first inputs of each target into `fuzz/corpus`. What is there
//! already stays.

use std::{fs, io, path::Path};

use hushwing_corpora::TARGETS;

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for target in TARGETS {
        let folder = corpus.join(target.name);
        fs::create_dir_all(&folder)?;
        for (name, bytes) in (target.seeds)() {
            let file = folder.join(name);
            if !file.exists() {
                fs::write(file, bytes)?;
            }
        }
    }
    Ok(())
}
