//! Plain sentences outside of the page, for when there is no page to say them.

use gtk::{ButtonsType, DialogFlags, MessageDialog, MessageType, ResponseType, Window, prelude::*};
use tauri::{AppHandle, Manager};

use crate::window::State;

/// What a person wants after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Try once more.
    Again,
    /// End the window.
    Quit,
}

/// Says `words`, and `detail` in small below them. Does not wait.
pub(crate) fn tell(app: &AppHandle, words: &str, detail: &str) {
    let state = app.state::<State>();
    let dialog = message(app, words, detail);
    dialog.add_button(&state.words.get("close"), ResponseType::Close);
    dialog.connect_response(|dialog, _| dialog.close());
    dialog.show_all();
}

/// Says `words`, and gives what is chosen to `answered`. Does not wait.
pub(crate) fn ask(app: &AppHandle, words: &str, detail: &str, answered: impl Fn(Answer) + 'static) {
    let state = app.state::<State>();
    let dialog = message(app, words, detail);
    dialog.add_button(&state.words.get("window-quit"), ResponseType::Close);
    dialog.add_button(&state.words.get("retry-now"), ResponseType::Accept);
    dialog.set_default_response(ResponseType::Accept);
    dialog.connect_response(move |dialog, response| {
        dialog.close();
        answered(match response {
            ResponseType::Accept => Answer::Again,
            _ => Answer::Quit,
        });
    });
    dialog.show_all();
}

fn message(app: &AppHandle, words: &str, detail: &str) -> MessageDialog {
    let parent: Option<Window> = app
        .webview_windows()
        .values()
        .next()
        .filter(|window| window.is_visible().unwrap_or(false))
        .and_then(|window| window.gtk_window().ok())
        .map(gtk::prelude::Cast::upcast);
    let dialog = MessageDialog::new(
        parent.as_ref(),
        DialogFlags::empty(),
        MessageType::Warning,
        ButtonsType::None,
        // Plain text: neither of the two is read as markup.
        words,
    );
    dialog.set_title(&app.state::<State>().words.get("app-name"));
    if !detail.is_empty() {
        dialog.set_secondary_text(Some(detail));
    }
    dialog
}
