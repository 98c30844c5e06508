//! Plain sentences outside of the page, for when there is no page to say them.

use std::{
    cell::Cell,
    sync::atomic::{AtomicBool, Ordering},
};

use gtk::{ButtonsType, DialogFlags, MessageDialog, MessageType, ResponseType, Window, prelude::*};
use tauri::{AppHandle, Manager};

use crate::window::State;

/// Whether something is being said, and whether something is being asked: never more than one
/// of each, however often another program gives a reason.
static IS_TELLING: AtomicBool = AtomicBool::new(false);
static IS_ASKING: AtomicBool = AtomicBool::new(false);

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
    if IS_TELLING.swap(true, Ordering::Relaxed) {
        return;
    }
    let state = app.state::<State>();
    let dialog = message(app, words, detail);
    dialog.add_button(&state.words.get("close"), ResponseType::Close);
    answer(&dialog, |_| IS_TELLING.store(false, Ordering::Relaxed));
    show(&dialog);
}

/// Says `words`, and gives what is chosen to `answered`. Does not wait.
pub(crate) fn ask(
    app: &AppHandle,
    words: &str,
    detail: &str,
    answered: impl FnOnce(Answer) + 'static,
) {
    if IS_ASKING.swap(true, Ordering::Relaxed) {
        return;
    }
    let state = app.state::<State>();
    let dialog = message(app, words, detail);
    dialog.add_button(&state.words.get("window-quit"), ResponseType::Close);
    dialog.add_button(&state.words.get("retry-now"), ResponseType::Accept);
    dialog.set_default_response(ResponseType::Accept);
    answer(&dialog, move |response| {
        IS_ASKING.store(false, Ordering::Relaxed);
        answered(match response {
            ResponseType::Accept => Answer::Again,
            _ => Answer::Quit,
        });
    });
    show(&dialog);
}

/// Gives the first answer to `take`; closing the dialog, which follows, is another one.
fn answer(dialog: &MessageDialog, take: impl FnOnce(ResponseType) + 'static) {
    let take = Cell::new(Some(take));
    dialog.connect_response(move |dialog, response| {
        if let Some(take) = take.take() {
            dialog.close();
            take(response);
        }
    });
}

fn show(dialog: &MessageDialog) {
    dialog.show_all();
    dialog.present();
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
        DialogFlags::MODAL,
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
