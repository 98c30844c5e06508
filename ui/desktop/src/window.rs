//! The window around the page: what it shows, where it may go, and what it is asked.

use std::{
    env,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tauri::{
    AppHandle, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent,
    webview::{NewWindowResponse, PageLoadEvent},
};

use crate::{
    daemon::{Daemon, Started, Trouble},
    dialog::{self, Answer},
    instance::Keeper,
    keep,
    link::Invite,
    request::Request,
    shield, tray, webkit,
    words::Words,
};

/// The one window's label.
const LABEL: &str = "main";

/// What the page is at before the app is known. It holds nothing.
const NOTHING: &str = "about:blank";

/// Where the page goes to have itself opened again, when its token is dead. Nothing is there:
/// the window sees the wish and does not let the page go.
const AGAIN: &str = "hushwing-window:again";

/// Where the page goes to have a file kept that it has made.
const KEEP: &str = "hushwing-window:keep";

/// How the page knows that it is in a window, and not in a browser.
const SIGN: &str = "Object.defineProperty(globalThis, 'hushwingWindow', { value: true });";

/// How often it is looked whether a daemon that was started still runs.
const LOOK: Duration = Duration::from_secs(1);

/// All that the window knows.
pub(crate) struct State {
    pub(crate) daemon: Daemon,
    pub(crate) words: Words,
    pub(crate) keeper: Mutex<Option<Keeper>>,
    page: Mutex<Page>,
}

#[derive(Default)]
struct Page {
    /// Of the app that is shown.
    origin: Option<String>,
    /// Whether its scripts have run.
    is_loaded: bool,
    /// What is to be given to it.
    invite: Option<Invite>,
    /// The daemon, if this window has started it.
    started: Option<Started>,
    /// The daemon is being asked or started.
    is_asking: bool,
    /// The window ends.
    is_over: bool,
}

impl State {
    pub(crate) fn new(daemon: Daemon, keeper: Keeper) -> Self {
        Self {
            daemon,
            words: Words::of_the_user(),
            keeper: Mutex::new(Some(keeper)),
            page: Mutex::default(),
        }
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        // What a panic left is a page at some step; each of them is a valid one.
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the window, hidden: it is shown when there is something to see.
///
/// # Errors
/// When the web view cannot be made.
pub(crate) fn build(app: &AppHandle) -> tauri::Result<WebviewWindow> {
    let blank = Url::parse(NOTHING).map_err(|_| tauri::Error::InvalidWebviewUrl("about:blank"))?;
    let (guard, loaded) = (app.clone(), app.clone());
    let mut builder = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::External(blank))
        .data_directory(beside_the_disk())
        .title("Hushwing")
        .inner_size(1080.0, 760.0)
        .min_inner_size(360.0, 480.0)
        .visible(false)
        .devtools(false)
        .general_autofill_enabled(false)
        .disable_drag_drop_handler()
        .initialization_script(SIGN)
        .on_navigation(move |to| may_go(&guard, to))
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_document_title_changed(|window, title| {
            let _ = window.set_title(&title);
        })
        .on_page_load(move |_, page| {
            if page.event() == PageLoadEvent::Finished {
                has_loaded(&loaded, page.url());
            }
        });
    // A web view that leaves nothing behind cannot be driven by a test.
    builder = builder.incognito(!shield::is_driven());
    let window = builder.build()?;
    let closing = app.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::CloseRequested { api, .. } = event {
            api.prevent_close();
            close(&closing);
        }
    });
    // On this very thread, and before anything is loaded.
    window.with_webview(|platform| {
        webkit::shield(&platform.inner(), &Words::of_the_user());
    })?;
    Ok(window)
}

/// Where Tauri has a folder made for a web view even if that keeps nothing: one that goes with
/// the session, and lies in memory where systemd makes it.
fn beside_the_disk() -> PathBuf {
    env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .unwrap_or_else(env::temp_dir)
        .join("hushwing-window")
}

/// `[HW-WIN-2]` The page may be loaded anew and go nowhere else.
fn may_go(app: &AppHandle, to: &Url) -> bool {
    let state = app.state::<State>();
    match to.as_str() {
        NOTHING => true,
        AGAIN => {
            ask(app, Why::PageIsDead);
            false
        }
        KEEP => {
            if let Some(window) = app.get_webview_window(LABEL) {
                keep::keep(&window);
            }
            false
        }
        _ => is_app(to, state.page().origin.as_deref()),
    }
}

fn is_app(to: &Url, origin: Option<&str>) -> bool {
    origin.is_some_and(|origin| to.origin().ascii_serialization() == origin)
        && to.path() == "/"
        && to.query().is_none()
        && to.username().is_empty()
        && to.password().is_none()
}

fn has_loaded(app: &AppHandle, url: &Url) {
    let state = app.state::<State>();
    {
        let mut page = state.page();
        if !is_app(url, page.origin.as_deref()) {
            return;
        }
        page.is_loaded = true;
    }
    come_forward(app);
    give_invite(app);
}

/// Carries out `request`, from wherever it comes.
pub(crate) fn take(app: &AppHandle, request: Request) {
    let app = app.clone();
    let on_main = app.clone();
    let _ = app.run_on_main_thread(move || {
        let state = on_main.state::<State>();
        match request {
            Request::Show => show(&on_main),
            Request::Redeem(invite) => {
                state.page().invite = Some(invite);
                show(&on_main);
                give_invite(&on_main);
            }
            Request::NoInvite => {
                show(&on_main);
                dialog::tell(&on_main, &state.words.get("window-no-invite"), "");
            }
            Request::Lock => lock(&on_main),
            Request::Quit => quit(&on_main),
        }
    });
}

fn show(app: &AppHandle) {
    if app.state::<State>().page().is_loaded {
        come_forward(app);
    }
    // The daemon may have been stopped, or another one started, since.
    ask(app, Why::Shown);
}

fn come_forward(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL) {
        let _ = window.unminimize();
        let _ = window.show();
        let _ = window.set_focus();
    }
}

/// `[HW-WIN-4]` The page opens the dialog that takes an invite, with this one in it; a person
/// goes on, or does not. The text is a JSON string of a link's alphabet: it can be nothing else.
fn give_invite(app: &AppHandle) {
    let state = app.state::<State>();
    let invite = {
        let mut page = state.page();
        if !page.is_loaded {
            return;
        }
        page.invite.take()
    };
    if let (Some(invite), Some(window)) = (invite, app.get_webview_window(LABEL)) {
        let text = serde_json::Value::from(invite.expose());
        let _ = window.eval(format!(
            "globalThis.dispatchEvent(new CustomEvent('hushwing-invite', {{ detail: {text} }}))"
        ));
    }
}

/// Why the daemon is asked for an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Only a page of another daemon, or none, is loaded anew.
    Shown,
    /// The page said that its token is dead.
    PageIsDead,
}

/// Asks the daemon, or starts it, and shows its app.
fn ask(app: &AppHandle, why: Why) {
    let app = app.clone();
    {
        let state = app.state::<State>();
        let mut page = state.page();
        if page.is_asking || page.is_over {
            return;
        }
        page.is_asking = true;
    }
    thread::spawn(move || {
        let answer = app.state::<State>().daemon.open();
        let on_main = app.clone();
        let _ = app.run_on_main_thread(move || answered(&on_main, why, answer));
    });
}

fn answered(app: &AppHandle, why: Why, answer: Result<(Url, Option<Started>), Trouble>) {
    let state = app.state::<State>();
    state.page().is_asking = false;
    match answer {
        Ok((address, started)) => {
            let is_new = {
                let mut page = state.page();
                let origin = address.origin().ascii_serialization();
                let is_new = !page.is_loaded || page.origin.as_deref() != Some(origin.as_str());
                page.origin = Some(origin);
                if let Some(started) = started {
                    page.started = Some(started);
                    watch(app);
                }
                is_new
            };
            if is_new || why == Why::PageIsDead {
                state.page().is_loaded = false;
                if let Some(window) = app.get_webview_window(LABEL) {
                    let _ = window.navigate(address);
                }
            }
        }
        Err(trouble) => {
            let (words, detail) = match &trouble {
                Trouble::NoProgram => ("window-no-program", ""),
                Trouble::NotStarted(said) => ("window-not-started", said.as_str()),
                Trouble::Refused(said) => ("window-refused", said.as_str()),
            };
            ask_whether_to_go_on(app, words, detail);
        }
    }
}

fn ask_whether_to_go_on(app: &AppHandle, words: &str, detail: &str) {
    let state = app.state::<State>();
    let words = state.words.get(words);
    let on_answer = app.clone();
    dialog::ask(app, &words, detail, move |answer| match answer {
        Answer::Again => ask(&on_answer, Why::PageIsDead),
        Answer::Quit => quit(&on_answer),
    });
}

/// Looks after the daemon that this window has started: without it nothing is sent or received,
/// and the page alone could not say why.
fn watch(app: &AppHandle) {
    let app = app.clone();
    thread::spawn(move || {
        loop {
            thread::sleep(LOOK);
            let state = app.state::<State>();
            let mut page = state.page();
            match page.started.as_mut().map(Started::has_ended) {
                None => return,
                Some(true) => {
                    page.started = None;
                    break;
                }
                Some(false) => {}
            }
        }
        let on_main = app.clone();
        let _ = app.run_on_main_thread(move || {
            if !on_main.state::<State>().page().is_over {
                ask_whether_to_go_on(&on_main, "window-stopped", "");
            }
        });
    });
}

fn lock(app: &AppHandle) {
    let app = app.clone();
    thread::spawn(move || {
        let state = app.state::<State>();
        if let Err(trouble) = state.daemon.lock() {
            let words = state.words.get("window-lock-failed");
            let detail = match trouble {
                Trouble::NotStarted(said) | Trouble::Refused(said) => said,
                Trouble::NoProgram => state.words.get("window-no-program"),
            };
            let on_main = app.clone();
            let _ = app.run_on_main_thread(move || {
                come_forward(&on_main);
                dialog::tell(&on_main, &words, &detail);
            });
        }
    });
}

/// `[HW-WIN-6]` Where a tray shows the sign, the window hides and goes on receiving. Without
/// one nobody would see that it does, so that closing ends it.
fn close(app: &AppHandle) {
    let has_sign = app.tray_by_id("hushwing").is_some();
    if has_sign && tray::is_there() {
        if let Some(window) = app.get_webview_window(LABEL) {
            let _ = window.hide();
        }
    } else {
        quit(app);
    }
}

/// Ends the window, and the daemon if the window has started it.
pub(crate) fn quit(app: &AppHandle) {
    let app = app.clone();
    let state = app.state::<State>();
    if std::mem::replace(&mut state.page().is_over, true) {
        return;
    }
    if let Some(window) = app.get_webview_window(LABEL) {
        let _ = window.hide();
    }
    let ending = app.clone();
    thread::spawn(move || {
        let state = ending.state::<State>();
        // What is being started is ended, too.
        while state.page().is_asking {
            thread::sleep(Duration::from_millis(50));
        }
        let started = state.page().started.take();
        if let Some(started) = started {
            started.end();
        }
        // Only now may another start be the first one.
        let mut keeper = state.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        drop(keeper.take());
        ending.exit(0);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_goes_nowhere_but_to_itself() {
        let origin = "http://127.0.0.1:4711";
        let goes = |to: &str| is_app(&Url::parse(to).unwrap(), Some(origin));
        assert!(goes("http://127.0.0.1:4711/"));
        assert!(goes("http://127.0.0.1:4711/#open=abc"));
        for to in [
            "http://127.0.0.1:4712/",
            "http://127.0.0.1/",
            "https://127.0.0.1:4711/",
            "http://localhost:4711/",
            "http://127.0.0.1:4711/v0/files/0",
            "http://127.0.0.1:4711/?q",
            "http://user@127.0.0.1:4711/",
            "http://127.0.0.1:4711@example.org/",
            "http://example.org/",
            "data:text/html,x",
            "blob:http://127.0.0.1:4711/5c5a",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "about:srcdoc",
            "hushwing:abc",
        ] {
            assert!(!goes(to), "{to}");
        }
        assert!(!is_app(
            &Url::parse("http://127.0.0.1:4711/").unwrap(),
            None
        ));
    }
}
