//! The checks that every request passes before anything else is looked at, and
//! the headers that every answer carries.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY,
            SEC_WEBSOCKET_PROTOCOL, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{page, pages::Pages, session::SessionSecret};

/// On every answer, refusals included. `[HW-API-6]` Nothing is stored, sniffed,
/// framed or lent to another origin; no CORS header is ever sent.
const ANSWER_HEADERS: [(HeaderName, HeaderValue); 8] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-embedder-policy"),
        HeaderValue::from_static("require-corp"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), \
             display-capture=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), \
             magnetometer=(), microphone=(), midi=(), payment=(), \
             publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), \
             xr-spatial-tracking=()",
        ),
    ),
];

/// On every answer that is no file of the app: nothing in it is ever to be run.
static NOTHING_ALLOWED: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Where a page exchanges a code for its token.
pub(crate) const OPEN: &str = "/v0/session";

/// The event stream.
pub(crate) const EVENTS: &str = "/v0/events";

/// In front of a token among the subprotocols that a page's WebSocket offers: its maker
/// can set no header.
const TOKEN_PROTOCOL: &[u8] = b"hushwing.token.";

/// Who may pass.
pub(crate) struct Guard {
    host: String,
    origin: String,
    secret: SessionSecret,
    pages: Arc<Pages>,
    page_policy: HeaderValue,
}

/// Who has passed.
#[derive(Clone)]
pub(crate) enum Caller {
    /// Anybody who asks for a file of the app, or to open it with a code.
    Anybody,
    /// A program of this user: it has read the session file.
    Program,
    /// An open page, by its token.
    Page(SessionSecret),
}

/// Why somebody may not. Tells the caller nothing but the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// From a web page that is not ours, or under a name that is not ours.
    Foreign,
    /// Without the session's secret.
    Stranger,
}

impl Guard {
    pub(crate) fn new(address: SocketAddr, secret: SessionSecret, pages: Arc<Pages>) -> Self {
        Self {
            host: address.to_string(),
            origin: format!("http://{address}"),
            secret,
            pages,
            page_policy: page::content_security_policy(address),
        }
    }

    /// The verdict alone, with the status of a refusal.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn admits(&self, request: &Request) -> Result<(), u16> {
        self.check(request)
            .map(drop)
            .map_err(|refusal| refusal.into_response().status().as_u16())
    }

    fn check(&self, request: &Request) -> Result<Caller, Refusal> {
        let headers = request.headers();
        if request.uri().authority().is_some()
            || only(headers, &HOST) != Some(self.host.as_bytes())
            || !absent_or(headers, &ORIGIN, |value| value == self.origin.as_bytes())
            || !(absent_or(headers, &SEC_FETCH_SITE, |value| {
                value == b"none" || value == b"same-origin"
            }) || is_link_to_the_app(request))
        {
            return Err(Refusal::Foreign);
        }
        if page::is_asked_for(request)
            || (request.method() == Method::POST && request.uri().path() == OPEN)
        {
            return Ok(Caller::Anybody);
        }
        let shown = only(headers, &AUTHORIZATION).and_then(|value| value.strip_prefix(b"Bearer "));
        let shown = match shown {
            None if request.uri().path() == EVENTS && !headers.contains_key(&AUTHORIZATION) => {
                offered_token(headers)
            }
            shown => shown,
        };
        match shown {
            Some(shown) if self.secret.is(shown) => Ok(Caller::Program),
            Some(shown) => self
                .pages
                .find(shown)
                .map(Caller::Page)
                .ok_or(Refusal::Stranger),
            None => Err(Refusal::Stranger),
        }
    }
}

/// `[HW-API-16]` A person may come to the app by a link or a file that sends on to it. The
/// whole window then shows a page that can do nothing without a code; no frame, no image
/// and no script of another page gets so far.
fn is_link_to_the_app(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::GET
        && request.uri() == "/"
        && !headers.contains_key(&ORIGIN)
        && only(headers, &SEC_FETCH_SITE).is_some()
        && only(headers, &SEC_FETCH_MODE) == Some(b"navigate")
        && only(headers, &SEC_FETCH_DEST) == Some(b"document")
}

/// The token among the subprotocols that a WebSocket offers.
fn offered_token(headers: &HeaderMap) -> Option<&[u8]> {
    only(headers, &SEC_WEBSOCKET_PROTOCOL)?
        .split(|&byte| byte == b',')
        .find_map(|offered| offered.trim_ascii().strip_prefix(TOKEN_PROTOCOL))
}

/// Lets `request` through if it passes every check.
pub(crate) async fn guard(
    State(guard): State<Arc<Guard>>,
    mut request: Request,
    next: Next,
) -> Response {
    let is_page = page::is_asked_for(&request);
    let (mut response, policy) = match guard.check(&request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            let policy = if is_page {
                &guard.page_policy
            } else {
                &NOTHING_ALLOWED
            };
            (next.run(request).await, policy)
        }
        Err(refusal) => (refusal.into_response(), &NOTHING_ALLOWED),
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
    for (name, value) in &ANSWER_HEADERS {
        headers.insert(name.clone(), value.clone());
    }
    response
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Foreign => StatusCode::FORBIDDEN.into_response(),
            // RFC 9110 §15.5.2: a 401 names the scheme.
            Self::Stranger => {
                (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")]).into_response()
            }
        }
    }
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The value of a header that is there exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.as_bytes())
}

fn absent_or(headers: &HeaderMap, name: &HeaderName, good: impl Fn(&[u8]) -> bool) -> bool {
    !headers.contains_key(name) || only(headers, name).is_some_and(good)
}
