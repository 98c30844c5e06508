//! Where the built programs are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Names the folder of the programs when they are not beside the caller.
pub const FOLDER_VARIABLE: &str = "HUSHWING_BIN_DIR";

/// The path of `name` (`hushwing`, `hushwing-relay`).
///
/// They are looked for in `$HUSHWING_BIN_DIR`, else where cargo puts them:
/// beside the running program, or one folder up if that is a test.
///
/// # Errors
/// When there is no such program yet.
pub fn find(name: &str) -> Result<PathBuf> {
    let folder = match std::env::var_os(FOLDER_VARIABLE) {
        Some(folder) => PathBuf::from(folder),
        None => built_folder(&std::env::current_exe().context("no path of this program")?)?,
    };
    let path = folder.join(name);
    if !path.is_file() {
        bail!(
            "{} is not built: cargo build --workspace --bins",
            path.display()
        );
    }
    Ok(path)
}

fn built_folder(this: &Path) -> Result<PathBuf> {
    let folder = this.parent().context("this program is in no folder")?;
    let folder = match folder.file_name() {
        Some(name) if name == "deps" => folder.parent().context("deps is in no folder")?,
        _ => folder,
    };
    Ok(folder.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_beside_a_program_and_above_a_test() {
        for this in ["/t/debug/xtask", "/t/debug/deps/demo-0123"] {
            assert_eq!(
                built_folder(Path::new(this)).unwrap(),
                Path::new("/t/debug")
            );
        }
    }
}
