//! What WebKit is told beyond what Tauri leads to.

use std::{cell::Cell, rc::Rc};

use gtk::{
    FileChooserAction, FileChooserNative, ResponseType, Window,
    gdk::{ModifierType, keys::constants as key},
    glib::Propagation,
    prelude::*,
};
use webkit2gtk::{
    CacheModel, ContextMenuExt, Download, DownloadExt, HitTestResultExt, NetworkProxyMode,
    PermissionRequestExt, SettingsExt, WebContextExt, WebView, WebViewExt, WebsiteDataManagerExt,
};

use crate::words::Words;

/// Zoom of a page, smallest and largest.
const ZOOM: (f64, f64) = (0.5, 3.0);

/// `[HW-WIN-5]` To be called before anything is loaded: the page can reach the daemon and
/// nothing else, and leaves nothing behind.
pub(crate) fn shield(view: &WebView, words: &Rc<Words>) {
    if let Some(context) = view.context() {
        // Nobody between this window and the daemon, whatever the system is set to.
        if let Some(data) = context.website_data_manager() {
            data.set_network_proxy_settings(NetworkProxyMode::NoProxy, None);
        }
        context.set_spell_checking_enabled(false);
        context.set_cache_model(CacheModel::DocumentViewer);
        let words = words.clone();
        let parent = view.toplevel().and_downcast::<Window>();
        context.connect_download_started(move |_, download| {
            ask_where(download, parent.as_ref(), &words);
        });
    }
    if let Some(settings) = WebViewExt::settings(view) {
        settings.set_enable_developer_extras(false);
        settings.set_enable_dns_prefetching(false);
        settings.set_enable_html5_database(false);
        settings.set_enable_media_stream(false);
        settings.set_enable_offline_web_application_cache(false);
        settings.set_enable_page_cache(false);
        settings.set_enable_webaudio(false);
        settings.set_enable_webgl(false);
        settings.set_enable_webrtc(false);
        settings.set_enable_write_console_messages_to_stdout(false);
        settings.set_allow_file_access_from_file_urls(false);
        settings.set_allow_universal_access_from_file_urls(false);
        settings.set_javascript_can_open_windows_automatically(false);
    }
    // Names of files that were saved or sent stay out of the list that other programs show.
    if let Some(settings) = gtk::Settings::default() {
        settings.set_property("gtk-recent-files-enabled", false);
    }
    view.connect_permission_request(|_, request| {
        request.deny();
        true
    });
    // Back, reload and "open in a new window" make no sense here; copy and paste do.
    view.connect_context_menu(|view, menu, _, hit| {
        let _ = view;
        if hit.context_is_editable() {
            return false;
        }
        menu.remove_all();
        if hit.context_is_selection() {
            menu.append(&webkit2gtk::ContextMenuItem::from_stock_action(
                webkit2gtk::ContextMenuAction::Copy,
            ));
            return false;
        }
        true
    });
    view.connect_key_press_event(|view, event| {
        if !event.state().contains(ModifierType::CONTROL_MASK) {
            return Propagation::Proceed;
        }
        let level = match event.keyval() {
            key::plus | key::equal | key::KP_Add => view.zoom_level() + 0.1,
            key::minus | key::KP_Subtract => view.zoom_level() - 0.1,
            key::_0 | key::KP_0 => 1.0,
            _ => return Propagation::Proceed,
        };
        view.set_zoom_level(level.clamp(ZOOM.0, ZOOM.1));
        Propagation::Stop
    });
}

/// A file of the page goes where a person says, and nowhere if nobody does.
fn ask_where(download: &Download, parent: Option<&Window>, words: &Rc<Words>) {
    let (parent, words) = (parent.cloned(), words.clone());
    download.connect_decide_destination(move |download, suggested| {
        let dialog = FileChooserNative::new(
            Some(&words.get("window-save")),
            parent.as_ref(),
            FileChooserAction::Save,
            Some(&words.get("window-save-accept")),
            Some(&words.get("cancel")),
        );
        dialog.set_do_overwrite_confirmation(true);
        dialog.set_current_name(suggested);
        // It lives until it is answered.
        let kept = Rc::new(Cell::new(Some(dialog.clone())));
        let download = download.clone();
        dialog.connect_response(move |dialog, response| {
            match dialog.filename() {
                Some(file) if response == ResponseType::Accept => {
                    download.set_allow_overwrite(true);
                    download.set_destination(&file.to_string_lossy());
                }
                _ => download.cancel(),
            }
            drop(kept.take());
        });
        dialog.show();
        true
    });
}
