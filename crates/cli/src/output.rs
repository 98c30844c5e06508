//! Where answers go: standard output, or a file that the user named.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use crate::failure::Failure;

/// Prints `text` on standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(())
}

/// `[HW-CLI-11]` Makes the file `path` with `text`. Only this user may open it,
/// from its first byte; nothing that is there is overwritten or followed, and a
/// file that could not be written whole is taken away again.
pub(crate) fn new_private_file(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: &io::Error| {
        let why = match error.kind() {
            io::ErrorKind::AlreadyExists => "it exists already; name another file".into(),
            _ => error.to_string(),
        };
        Failure::Here(format!("{} cannot be made: {why}", path.display()))
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| failed(&e))?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    written.map_err(|error| {
        // What cannot be removed either is told as what cannot be written.
        let _ = fs::remove_file(path);
        failed(&error)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_its_owner_can_open_a_new_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("routes");
        new_private_file(&path, "hushwing-routes:abc\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "hushwing-routes:abc\n");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_is_there_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let there = dir.path().join("there");
        fs::write(&there, "before").unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path().join("target"), &link).unwrap();
        for path in [&there, &link] {
            let refused = new_private_file(path, "after").unwrap_err();
            let line = refused.line(false).unwrap();
            assert!(line.contains("exists already"), "{line}");
        }
        assert_eq!(fs::read_to_string(&there).unwrap(), "before");
        assert!(!dir.path().join("target").exists());
    }
}
