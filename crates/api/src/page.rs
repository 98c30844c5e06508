//! The web app's files, built into the program, and the headers that they are given with.
//!
//! `[HW-API-16]` They are the same for everybody and hold nothing of anybody: whoever has
//! no secret can read them, and cannot do anything with them.

use std::net::SocketAddr;

use axum::{
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};

include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// One file of the app.
struct File {
    /// The path of its address.
    name: &'static str,
    /// Its content type.
    kind: &'static str,
    bytes: &'static [u8],
}

/// Whether `request` asks for one of the files, and nothing else.
pub(crate) fn is_asked_for(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
        && request.uri().query().is_none()
        && is_page(request.uri().path())
}

/// Whether a file has this address.
pub(crate) fn is_page(path: &str) -> bool {
    find(path).is_some()
}

/// Gives a file, if one is asked for.
pub(crate) async fn page(request: Request) -> Response {
    match find(request.uri().path()).filter(|_| is_asked_for(&request)) {
        Some(file) => ([(CONTENT_TYPE, file.kind)], file.bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn find(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.name == path)
}

/// `[HW-API-18]` What the app may do in the browser: load its own files, talk to this
/// daemon. No script that is not a file, no markup made of text, no other address.
///
/// The one policy for Trusted Types is the one that Svelte makes for its own templates.
pub(crate) fn content_security_policy(address: SocketAddr) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
         font-src 'self'; connect-src 'self' ws://{address}; frame-ancestors 'none'; \
         base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; \
         trusted-types svelte-trusted-html"
    );
    // An address has no byte that a header cannot hold.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(
        "default-src 'none'; frame-ancestors 'none'",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_first_page_and_no_file_of_another_type() {
        assert!(find("/").is_some_and(|file| file.kind.starts_with("text/html")));
        for path in ["/index.html", "/.gitignore", "/../Cargo.toml", "", "//"] {
            assert!(find(path).is_none(), "{path}");
        }
    }
}
