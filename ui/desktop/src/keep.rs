//! A file that the page has made, a backup, kept where a person says.
//!
//! `[HW-WIN-7]` The page can do no more than wish for the question: what is written, and that
//! it is written at all, needs somebody who names the place. It is pulled out of the page piece
//! by piece, and the page is told whether it was kept.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use data_encoding::BASE64;
use gtk::{FileChooserAction, FileChooserNative, ResponseType, Window, prelude::*};
use tauri::{Manager, WebviewWindow};

use crate::window::State;

/// What gives the file's name, a JSON string.
const NAME: &str = "globalThis.hushwingFile?.name ?? ''";

/// What gives the next piece, base64 in a JSON string, an empty one at the end, and null when
/// the page has none to give.
const NEXT: &str = "globalThis.hushwingFile?.next() ?? null";

/// Characters of a suggested name.
const MAX_NAME_CHARS: usize = 80;

/// One file at a time.
static IS_KEEPING: AtomicBool = AtomicBool::new(false);

/// Asks where, and keeps the page's file there.
pub(crate) fn keep(window: &WebviewWindow) {
    if IS_KEEPING.swap(true, Ordering::Relaxed) {
        return;
    }
    let asking = window.clone();
    let asked = window.eval_with_callback(NAME, move |name| {
        let name: String = serde_json::from_str(&name).unwrap_or_default();
        let on_main = asking.clone();
        let _ = asking.run_on_main_thread(move || ask_where(&on_main, &name));
    });
    if asked.is_err() {
        end(window, false);
    }
}

fn ask_where(window: &WebviewWindow, name: &str) {
    let state = window.state::<State>();
    let parent: Option<Window> = window.gtk_window().ok().map(gtk::prelude::Cast::upcast);
    let dialog = FileChooserNative::new(
        Some(&state.words.get("window-save")),
        parent.as_ref(),
        FileChooserAction::Save,
        Some(&state.words.get("window-save-accept")),
        Some(&state.words.get("cancel")),
    );
    dialog.set_modal(true);
    dialog.set_do_overwrite_confirmation(true);
    dialog.set_current_name(plain(name));
    let window = window.clone();
    // Somebody has to hold it until it is answered: its own handler does, until then.
    let held = std::cell::RefCell::new(Some(dialog.clone()));
    dialog.connect_response(move |dialog, response| {
        let file = dialog
            .filename()
            .filter(|_| response == ResponseType::Accept);
        match file.map(Keeping::begin) {
            Some(Ok(keeping)) => pull(&window, Arc::new(Mutex::new(Some(keeping)))),
            _ => end(&window, false),
        }
        drop(held.take());
    });
    dialog.show();
}

/// A name that is no path and hides nothing, or one of ours.
fn plain(name: &str) -> &str {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if name.is_empty()
        || name.starts_with('.')
        || name.len() > MAX_NAME_CHARS
        || !name.chars().all(is_plain)
    {
        "hushwing.backup"
    } else {
        name
    }
}

fn pull(window: &WebviewWindow, keeping: Arc<Mutex<Option<Keeping>>>) {
    let next = window.clone();
    let asked = window.eval_with_callback(NEXT, move |piece| {
        let mut guard = keeping.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = guard.as_mut() else { return };
        match open.take(&piece) {
            Ok(Step::More) => {
                drop(guard);
                pull(&next, keeping.clone());
            }
            Ok(Step::Last) => {
                let is_kept = guard.take().is_some_and(|whole| whole.finish().is_ok());
                end(&next, is_kept);
            }
            Err(_) => {
                drop(guard.take());
                end(&next, false);
            }
        }
    });
    if asked.is_err() {
        end(window, false);
    }
}

fn end(window: &WebviewWindow, is_kept: bool) {
    IS_KEEPING.store(false, Ordering::Relaxed);
    let _ = window.eval(format!(
        "globalThis.dispatchEvent(new CustomEvent('hushwing-kept', {{ detail: {is_kept} }}))"
    ));
}

/// A file that is not there under its name before it is whole.
struct Keeping {
    file: File,
    part: PathBuf,
    place: PathBuf,
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    More,
    Last,
}

impl Keeping {
    fn begin(place: PathBuf) -> io::Result<Self> {
        let mut name = place.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = place.with_file_name(name);
        // Of an earlier time; nothing is followed or opened that lies there.
        let _ = fs::remove_file(&part);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&part)?;
        Ok(Self { file, part, place })
    }

    /// Takes one piece, as the page's answer has it.
    fn take(&mut self, answer: &str) -> io::Result<Step> {
        let piece: Option<String> = serde_json::from_str(answer)?;
        let piece = piece.ok_or(io::ErrorKind::UnexpectedEof)?;
        if piece.is_empty() {
            return Ok(Step::Last);
        }
        let bytes = BASE64.decode(piece.as_bytes()).map_err(io::Error::other)?;
        self.file.write_all(&bytes)?;
        Ok(Step::More)
    }

    fn finish(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.part, &self.place)
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        // Gone already when it was finished.
        let _ = fs::remove_file::<&Path>(&self.part);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_there_when_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("kept");
        let mut keeping = Keeping::begin(place.clone()).unwrap();
        assert_eq!(keeping.take("\"aGVsbG8g\"").unwrap(), Step::More);
        assert!(!place.exists());
        assert_eq!(keeping.take("\"d29ybGQ=\"").unwrap(), Step::More);
        assert_eq!(keeping.take("\"\"").unwrap(), Step::Last);
        keeping.finish().unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"hello world");
        assert_eq!(
            fs::metadata(&place).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn half_a_file_is_none() {
        let dir = tempfile::tempdir().unwrap();
        for answer in ["null", "", "7", "\"no base64!\"", "{}"] {
            let mut keeping = Keeping::begin(dir.path().join("kept")).unwrap();
            keeping.take("\"aGVsbG8g\"").unwrap();
            assert!(keeping.take(answer).is_err(), "{answer}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_suggested_name_is_no_path_and_hides_nothing() {
        assert_eq!(
            plain("hushwing-2026-11-27.backup"),
            "hushwing-2026-11-27.backup"
        );
        for name in [
            "",
            ".bashrc",
            "../x",
            "/etc/passwd",
            "a\u{202e}b",
            "a b",
            &"x".repeat(81),
        ] {
            assert_eq!(plain(name), "hushwing.backup");
        }
    }
}
