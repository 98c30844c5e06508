//! What WebKit is told beyond what Tauri leads to.

use gtk::{
    gdk::{ModifierType, keys::constants as key},
    glib::Propagation,
    prelude::*,
};
use webkit2gtk::{
    CacheModel, ContextMenuExt, DownloadExt, HitTestResultExt, NetworkProxyMode,
    PermissionRequestExt, SettingsExt, WebContextExt, WebView, WebViewExt, WebsiteDataManagerExt,
};

use crate::words::Words;

/// Zoom of a page, smallest and largest.
const ZOOM: (f64, f64) = (0.5, 3.0);

/// `[HW-WIN-5]` To be called before anything is loaded: the page can reach the daemon and
/// nothing else, and leaves nothing behind.
pub(crate) fn shield(view: &WebView, words: &Words) {
    if let Some(context) = view.context() {
        // Nobody between this window and the daemon, whatever the system is set to.
        if let Some(data) = context.website_data_manager() {
            data.set_network_proxy_settings(NetworkProxyMode::NoProxy, None);
        }
        context.set_spell_checking_enabled(false);
        // By itself it knows the language only where the system has its whole locale.
        context.set_preferred_languages(&[words.language()]);
        context.set_cache_model(CacheModel::DocumentViewer);
        // Files leave the page by `keep` alone.
        context.connect_download_started(|_, download| download.cancel());
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
    view.connect_context_menu(|_, menu, _, hit| {
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
