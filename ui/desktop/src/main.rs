//! `hushwing-window`: the app of the daemon on this machine in a window of its own, with a
//! sign in the tray and a handler for invite links.
//!
//! The window is a browser that can show one page. It holds no key and no secret of the
//! daemon, and gives the page no way to this program but two: a title, and the wish to be
//! opened again. The rules are in docs/spec/8-local-interfaces.md (HW-WIN).

mod daemon;
mod dialog;
mod instance;
mod keep;
mod link;
mod request;
mod shield;
mod tray;
mod webkit;
mod window;
mod words;

use std::{
    env,
    ffi::OsString,
    io::{self, Write},
    path::Path,
    process::ExitCode,
    sync::Mutex,
};

use daemon::Daemon;
use gtk::glib::{ControlFlow, unix_signal_add_local};
use instance::{Instance, Keeper};
use request::{Request, Start};
use tauri::{Manager, RunEvent};
use window::State;

/// SIGHUP, SIGINT and SIGTERM.
const ENDING_SIGNALS: [i32; 3] = [1, 2, 15];

fn main() -> ExitCode {
    silence_panics();
    if let Err(error) = shield::harden() {
        return fail(&format!(
            "this process cannot be shielded from others ({error}); not started"
        ));
    }
    let mut arguments = env::args_os().skip(1);
    if arguments.len() == 1 && arguments.next() == Some(OsString::from(shield::AGAIN)) {
        return match shield::take_start() {
            Ok(start) => show(start),
            Err(_) => misunderstood(),
        };
    }
    match request::read(env::args_os().skip(1), daemon::default_dir()) {
        Ok(start) => begin(start),
        Err(request::Misunderstood) => misunderstood(),
    }
}

/// The first half: whoever is there gets the request; where nobody is, this program becomes
/// the window.
fn begin(mut start: Start) -> ExitCode {
    match std::path::absolute(&start.dir) {
        Ok(dir) => start.dir = dir,
        Err(error) => return fail(&format!("{}: {error}", start.dir.display())),
    }
    match Instance::find(&start.dir, &start.request) {
        Ok(Instance::HandedOver) => ExitCode::SUCCESS,
        Ok(Instance::First(keeper)) => {
            drop(keeper);
            match start.request {
                Request::Quit => ExitCode::SUCCESS,
                Request::Lock => lock(&start),
                _ => fail(&format!(
                    "the window cannot be started: {}",
                    shield::start_again(&start)
                )),
            }
        }
        Err(error) => fail(&unusable(&start.dir, &error)),
    }
}

fn lock(start: &Start) -> ExitCode {
    match Daemon::of(start.dir.clone(), false).lock() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => fail("the account could not be locked; try: hushwing lock"),
    }
}

/// The second half, in a clean environment.
fn show(start: Start) -> ExitCode {
    let keeper = match Instance::find(&start.dir, &start.request) {
        Ok(Instance::First(keeper)) => keeper,
        // Another start was faster; it has the request.
        Ok(Instance::HandedOver) => return ExitCode::SUCCESS,
        Err(error) => return fail(&unusable(&start.dir, &error)),
    };
    match run(start, keeper) {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Err(error) => fail(&format!("no window can be opened: {error}")),
    }
}

fn run(start: Start, keeper: Keeper) -> tauri::Result<i32> {
    let Start {
        dir,
        is_without_tor,
        request,
    } = start;
    let daemon = Daemon::of(dir.clone(), is_without_tor);
    let state = State::new(daemon, keeper);
    let first = Mutex::new(Some(request));
    let app = tauri::Builder::default()
        .manage(state)
        .setup(move |app| {
            let app = app.handle();
            window::build(app)?;
            let state = app.state::<State>();
            // Kept by the app under its name.
            let _ = tray::put(app, &state.words, &dir);
            for signal in ENDING_SIGNALS {
                let app = app.clone();
                unix_signal_add_local(signal, move || {
                    window::quit(&app);
                    ControlFlow::Continue
                });
            }
            let door = app.clone();
            if let Ok(keeper) = state.keeper.lock()
                && let Some(keeper) = keeper.as_ref()
            {
                keeper.serve(move |request| window::take(&door, request))?;
            }
            if let Some(request) = first.lock().ok().and_then(|mut first| first.take()) {
                window::take(app, request);
            }
            Ok(())
        })
        .build(tauri::generate_context!())?;
    Ok(app.run_return(|_, event| {
        // It ends when it is told to, not when no window is seen.
        if let RunEvent::ExitRequested {
            api, code: None, ..
        } = event
        {
            api.prevent_exit();
        }
    }))
}

fn unusable(dir: &Path, error: &io::Error) -> String {
    format!("{}: {error}", dir.display())
}

fn misunderstood() -> ExitCode {
    let _ = writeln!(io::stderr(), "{}", request::USAGE);
    ExitCode::from(2)
}

fn fail(sentence: &str) -> ExitCode {
    // Nothing of a name from elsewhere may turn or clear a terminal.
    let plain: String = sentence.chars().filter(|c| !c.is_control()).collect();
    let _ = writeln!(io::stderr(), "hushwing-window: {plain}");
    ExitCode::FAILURE
}

/// A panic tells where it was and nothing else: its words may hold a link or a text.
fn silence_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or((0, "?"), |at| {
            let file = Path::new(at.file()).file_name();
            (
                at.line(),
                file.and_then(|name| name.to_str()).unwrap_or("?"),
            )
        });
        let _ = writeln!(
            io::stderr(),
            "hushwing-window: internal error at {}:{}; this is a fault of the program",
            place.1,
            place.0
        );
    }));
}
