//! The sign in the system's tray: open, lock, quit. It says nothing of what is in the account.

use std::{panic, path::Path};

use gtk::{gio, prelude::*};
use tauri::{
    AppHandle, Wry,
    image::Image,
    menu::{Menu, MenuItem},
    tray::{TrayIcon, TrayIconBuilder},
};

use crate::{request::Request, window, words::Words};

const ICON: Image<'_> = tauri::include_image!("icons/icon.png");

/// Milliseconds that the bus may take to say whether a tray is there.
const PATIENCE_MS: i32 = 500;

/// Puts the sign there. `None` when this system has none to put it in; the window works
/// without it.
pub(crate) fn put(app: &AppHandle, words: &Words, dir: &Path) -> Option<TrayIcon<Wry>> {
    let put = || {
        let item = |id: &str, words: String| MenuItem::with_id(app, id, words, true, None::<&str>);
        let menu = Menu::with_items(
            app,
            &[
                &item("show", words.get("window-open"))?,
                &item("lock", words.get("window-lock"))?,
                &item("quit", words.get("window-quit"))?,
            ],
        )?;
        TrayIconBuilder::with_id("hushwing")
            .icon(ICON)
            .tooltip(words.get("app-name"))
            // It is written as a file; the common folder for those may be anybody's.
            .temp_dir_path(dir)
            .menu(&menu)
            .on_menu_event(|app, event| {
                let request = match event.id().as_ref() {
                    "show" => Request::Show,
                    "lock" => Request::Lock,
                    "quit" => Request::Quit,
                    _ => return,
                };
                window::take(app, request);
            })
            .build(app)
    };
    // The library for trays is looked for when it is needed, and a missing one is a panic.
    panic::catch_unwind(panic::AssertUnwindSafe(put))
        .ok()
        .and_then(tauri::Result::ok)
}

/// Whether a tray is there that shows signs: only then may the window hide.
pub(crate) fn is_there() -> bool {
    // The answer is a variant in a tuple.
    let asked = gio::bus_get_sync(gio::BusType::Session, gio::Cancellable::NONE).and_then(|bus| {
        bus.call_sync(
            Some("org.kde.StatusNotifierWatcher"),
            "/StatusNotifierWatcher",
            "org.freedesktop.DBus.Properties",
            "Get",
            Some(
                &(
                    "org.kde.StatusNotifierWatcher",
                    "IsStatusNotifierHostRegistered",
                )
                    .to_variant(),
            ),
            None,
            gio::DBusCallFlags::NO_AUTO_START,
            PATIENCE_MS,
            gio::Cancellable::NONE,
        )
    });
    asked.is_ok_and(|answer| {
        let value = answer
            .try_child_value(0)
            .and_then(|value| value.as_variant());
        value.and_then(|value| value.get::<bool>()) == Some(true)
    })
}
