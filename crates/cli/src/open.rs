//! `hushwing open`: the app in the user's browser.
//!
//! `[HW-CLI-12]` Every user of a machine can read the command lines of its programs, so
//! none may hold a code that opens the app. The browser is started on a file, which only
//! this user can read and which sends it on, and which is gone when the code is used up.

use std::{
    fs,
    io::{self, IsTerminal},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use serde::Serialize;
use zeroize::Zeroizing;

use crate::{
    client::Client,
    failure::Failure,
    output::{new_private_file, print},
    safe_text,
};

/// What opens a file with the user's program for it.
const OPENER: &str = if cfg!(target_os = "macos") {
    "open"
} else {
    "xdg-open"
};

/// The file that sends the browser on, in the daemon's folder, which is this user's alone.
const FILE: &str = "open.html";

/// How often it is looked whether the browser could not be started.
const LOOK: Duration = Duration::from_millis(200);

/// For programs.
#[derive(Serialize)]
#[serde(untagged)]
enum Told<'a> {
    Address { address: &'a str },
    Opened { opened: bool },
}

/// Opens the app of the daemon of `dir` in the browser, or prints the address that does.
pub(crate) fn open(dir: &Path, only_print: bool, json: bool) -> Result<(), Failure> {
    let client = Client::of(dir)?;
    let code = client.make_code()?;
    let address = client.app_address(&code);
    if only_print {
        let line = if json {
            safe_text::json(&Told::Address { address: &address })
        } else {
            if io::stdout().is_terminal() {
                print("Open this within a minute; it works once:\n")?;
            }
            address.to_string()
        };
        return print(&Zeroizing::new(format!("{line}\n")));
    }
    let file = Redirect::new(dir, &address)?;
    let mut opener = start(&file.path)?;
    let (done, waited) = mpsc::channel();
    thread::spawn(move || {
        // Nobody waits any more when the browser could not be started.
        let _ = done.send(client.wait_for_code(&code));
    });
    let used = loop {
        match waited.recv_timeout(LOOK) {
            Ok(used) => break used?,
            Err(RecvTimeoutError::Disconnected) => break false,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Ok(Some(status)) = opener.try_wait()
            && !status.success()
        {
            return Err(no_browser());
        }
    };
    drop(file);
    if !used {
        return Err(Failure::Here(
            "the browser did not open the app within a minute. Open it yourself, at the address \
             that this prints: hushwing open --print"
                .into(),
        ));
    }
    let line = if json {
        safe_text::json(&Told::Opened { opened: true })
    } else {
        "Hushwing is open in your browser.".to_owned()
    };
    print(&format!("{line}\n"))
}

/// The browser goes on when this program or its terminal ends.
fn start(file: &Path) -> Result<Child, Failure> {
    Command::new(OPENER)
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|_| no_browser())
}

fn no_browser() -> Failure {
    Failure::Here(
        "no browser could be started. Open the app yourself, at the address that this prints: \
         hushwing open --print"
            .into(),
    )
}

/// A page that sends the browser on, as long as this lives.
struct Redirect {
    path: PathBuf,
}

impl Redirect {
    fn new(dir: &Path, address: &str) -> Result<Self, Failure> {
        let dir = std::path::absolute(dir)
            .map_err(|e| Failure::Here(format!("{}: {e}", dir.display())))?;
        let path = dir.join(FILE);
        // One of an earlier time, whose code is dead.
        let _ = fs::remove_file(&path);
        let page = Zeroizing::new(format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <meta http-equiv=\"refresh\" content=\"0; url={address}\">\n\
             <title>Hushwing</title>\n<p><a href=\"{address}\">Open Hushwing</a></p>\n</html>\n"
        ));
        new_private_file(&path, &page)?;
        Ok(Self { path })
    }
}

impl Drop for Redirect {
    fn drop(&mut self) {
        // What stays holds a code that nobody can use any more.
        let _ = fs::remove_file(&self.path);
    }
}
