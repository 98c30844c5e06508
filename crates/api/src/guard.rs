//! The checks that every request passes before anything else is looked at, and
//! the headers that every answer carries.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY,
            WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::session::SessionSecret;

/// On every answer, refusals included. `[HW-API-6]` Nothing is stored, sniffed,
/// framed or lent to another origin; no CORS header is ever sent.
const ANSWER_HEADERS: [(HeaderName, HeaderValue); 6] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Who may pass.
#[derive(Debug)]
pub(crate) struct Guard {
    host: String,
    origin: String,
    secret: SessionSecret,
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
    pub(crate) fn new(address: SocketAddr, secret: SessionSecret) -> Self {
        Self {
            host: address.to_string(),
            origin: format!("http://{address}"),
            secret,
        }
    }

    /// The verdict alone, with the status of a refusal.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn admits(&self, request: &Request) -> Result<(), u16> {
        self.check(request)
            .map_err(|refusal| refusal.into_response().status().as_u16())
    }

    fn check(&self, request: &Request) -> Result<(), Refusal> {
        let headers = request.headers();
        if request.uri().authority().is_some()
            || only(headers, &HOST) != Some(self.host.as_bytes())
            || !absent_or(headers, &ORIGIN, |value| value == self.origin.as_bytes())
            || !absent_or(headers, &SEC_FETCH_SITE, |value| {
                value == b"none" || value == b"same-origin"
            })
        {
            return Err(Refusal::Foreign);
        }
        let shown = only(headers, &AUTHORIZATION).and_then(|value| value.strip_prefix(b"Bearer "));
        match shown {
            Some(shown) if self.secret.is(shown) => Ok(()),
            _ => Err(Refusal::Stranger),
        }
    }
}

/// Lets `request` through if it passes every check.
pub(crate) async fn guard(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match guard.check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    for (name, value) in &ANSWER_HEADERS {
        response.headers_mut().insert(name.clone(), value.clone());
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

/// The value of a header that is there exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.as_bytes())
}

fn absent_or(headers: &HeaderMap, name: &HeaderName, good: impl Fn(&[u8]) -> bool) -> bool {
    !headers.contains_key(name) || only(headers, name).is_some_and(good)
}
