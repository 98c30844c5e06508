//! Opening the app: `POST /v0/codes` and `POST /v0/codes/wait` for programs of this user,
//! `POST /v0/session` for the page.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::time::sleep;
use zeroize::Zeroizing;

use crate::{
    command::{Failure, parse, read_body, require_json},
    guard::Caller,
    pages::Opened,
    passphrase::Strength,
    schema::{CommandError, ErrorCode, SecretText},
    server::Shared,
    session::SessionSecret,
};

/// Bytes of a body that holds a code and nothing else.
const MAX_CODE_BODY_LEN: usize = 256;

/// How often it is looked whether a code was used.
const LOOK: Duration = Duration::from_millis(100);

/// A code that opens the app once.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Code {
    /// Base64url of 32 random bytes.
    pub code: SessionSecret,
}

/// What became of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeUsed {
    /// Whether it was used in its time.
    pub used: bool,
}

/// `POST /v0/codes`. `[HW-API-17]` Only a program that holds the session's secret gets
/// one: no page can open another.
pub(crate) async fn make_code(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Code>, Response> {
    only_programs(&caller).map_err(IntoResponse::into_response)?;
    let code = shared.pages.make_code(shared.limits.code_lifetime);
    code.map(|code| Json(Code { code }))
        .map_err(|_| no_randomness().into_response())
}

/// `POST /v0/codes/wait`: answers when the code in the body was used or can no longer be.
pub(crate) async fn wait_for_code(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Json<CodeUsed>, Response> {
    only_programs(&caller).map_err(IntoResponse::into_response)?;
    let Code { code } = body(&shared, request, MAX_CODE_BODY_LEN)
        .await
        .map_err(IntoResponse::into_response)?;
    loop {
        match shared.pages.fate(code.expose().as_bytes()) {
            Some(used) => return Ok(Json(CodeUsed { used })),
            None => tokio::select! {
                () = sleep(LOOK) => {}
                () = shared.stop.cancelled() => return Ok(Json(CodeUsed { used: false })),
            },
        }
    }
}

/// `POST /v0/session`: a page exchanges its code for a token.
pub(crate) async fn open(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Json<Opened>, Response> {
    let Code { code } = body(&shared, request, MAX_CODE_BODY_LEN)
        .await
        .map_err(IntoResponse::into_response)?;
    match shared.pages.open(code.expose().as_bytes()) {
        Ok(Some(opened)) => Ok(Json(opened)),
        Ok(None) => Err(StatusCode::UNAUTHORIZED.into_response()),
        Err(_) => Err(no_randomness().into_response()),
    }
}

/// A passphrase to be judged.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Judged {
    passphrase: SecretText,
}

/// `POST /v0/strength`: what the same estimate says that decides about an account.
pub(crate) async fn strength(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Json<Strength>, Response> {
    let Judged { passphrase } = body(&shared, request, shared.limits.max_body_len)
        .await
        .map_err(IntoResponse::into_response)?;
    Ok(Json(Strength::of(passphrase.expose())))
}

async fn body<T: DeserializeOwned>(
    shared: &Shared,
    request: Request,
    max_len: usize,
) -> Result<T, Failure> {
    let (parts, body) = request.into_parts();
    require_json(&parts.headers)?;
    let bytes: Zeroizing<Vec<u8>> = read_body(body, max_len, &shared.limits).await?;
    parse(bytes)
}

fn only_programs(caller: &Caller) -> Result<(), StatusCode> {
    match caller {
        Caller::Program => Ok(()),
        Caller::Page(_) | Caller::Anybody => Err(StatusCode::FORBIDDEN),
    }
}

fn no_randomness() -> Failure {
    CommandError::new(
        ErrorCode::Machine,
        "this machine gives no random numbers, so the app cannot be opened; start it again",
    )
    .into()
}
