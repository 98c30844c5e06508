//! `GET /v0/events`: what happens, to everybody who listens.
//!
//! `[HW-API-12]` A listener holds up nobody: each has its own task and its own
//! place in the ring of what happened lately. One that is too slow loses events and
//! is told so with `lagged`; one that takes nothing, or answers no ping, is
//! dropped.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json,
    extract::{
        Query, State,
        rejection::QueryRejection,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use crate::{
    guard::Caller,
    pages::Stream,
    ring::{Beginning, Stopped},
    schema::{CommandError, ErrorCode},
    server::Shared,
};

/// The subprotocol of the stream. A browser that offers its token among the subprotocols
/// gives the connection up unless one is chosen, and the token must not be repeated.
const PROTOCOL: &str = "hushwing.v0";

/// Bytes of a frame from a listener: it has nothing to say but ping and pong
/// (at most 125 bytes, RFC 6455 §5.5).
const MAX_FRAME_FROM_LISTENER: usize = 256;

/// Bytes that wait in one listener's socket: the largest event, a message of
/// 8 KiB that JSON escapes to six times its length, and room.
const MAX_UNSENT_LEN: usize = 128 * 1024;

/// Makes the caller a listener, if there is a place.
pub(crate) async fn events(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    stopped: Result<Query<Stopped>, QueryRejection>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let page = match caller {
        Caller::Page(token) => match shared.pages.hold(&token) {
            Some(page) => Some(page),
            // It ended between the guard and here.
            None => return StatusCode::UNAUTHORIZED.into_response(),
        },
        Caller::Program | Caller::Anybody => None,
    };
    let Ok(permit) = shared.listeners.clone().try_acquire_owned() else {
        let error = CommandError::new(
            ErrorCode::Limit,
            "too many programs listen already; end one of them",
        );
        return (StatusCode::TOO_MANY_REQUESTS, Json(error)).into_response();
    };
    let Ok(Query(stopped)) = stopped else {
        let error = CommandError::new(
            ErrorCode::BadInput,
            "where to go on is told with run=..&after=NUMBER",
        );
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    };
    // Before the answer, so that nothing that happens after it is missed.
    let (place, beginning) = shared.ring.begin(&stopped);
    let token = shared.tasks.token();
    upgrade
        .protocols([PROTOCOL])
        .max_frame_size(MAX_FRAME_FROM_LISTENER)
        .max_message_size(MAX_FRAME_FROM_LISTENER)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_UNSENT_LEN)
        .on_upgrade(async move |socket| {
            let _held = (permit, token);
            let mut listener = Listener {
                socket,
                page,
                send_deadline: shared.limits.send_deadline,
            };
            if let Some(reason) = listener.serve(place, beginning, &shared).await {
                listener.close(reason).await;
            }
        })
}

struct Listener {
    socket: WebSocket,
    /// The open page whose stream this is, if it is one's.
    page: Option<Stream>,
    send_deadline: Duration,
}

/// The listener is gone or has to go without a word.
struct Gone;

impl Listener {
    /// Tells events until an end; `Some` is what the listener is told at last.
    async fn serve(
        &mut self,
        mut place: u64,
        beginning: Beginning,
        shared: &Shared,
    ) -> Option<(u16, &'static str)> {
        let limits = &shared.limits;
        let page_is_over = self.page.as_ref().map(|page| page.over.clone());
        let page_is_over = page_is_over.unwrap_or_default();
        let mut heartbeat = interval_at(Instant::now() + limits.heartbeat, limits.heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut unanswered = 0;
        let beginning = serde_json::to_string(&beginning).ok()?;
        if self.send(Message::Text(beginning.into())).await.is_err() {
            return None;
        }
        loop {
            let sent = tokio::select! {
                () = shared.stop.cancelled() => {
                    return Some((close_code::AWAY, "the daemon stops"));
                }
                () = page_is_over.cancelled() => {
                    return Some((close_code::POLICY, "this page was opened again"));
                }
                received = self.socket.recv() => match received {
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                        unanswered = 0;
                        Ok(())
                    }
                    Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                        return Some((close_code::POLICY, "listeners only listen"));
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                },
                _ = heartbeat.tick() => {
                    if unanswered >= limits.max_unanswered_pings {
                        return None;
                    }
                    unanswered += 1;
                    self.send(Message::Ping(Vec::new().into())).await
                }
                next = shared.ring.after(place) => match next {
                    Some((serial, text)) => {
                        place = serial;
                        self.send(Message::Text(text)).await
                    }
                    None => return Some((close_code::AWAY, "there are no more events")),
                },
            };
            if let Err(Gone) = sent {
                return None;
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), Gone> {
        match timeout(self.send_deadline, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    async fn close(&mut self, (code, reason): (u16, &'static str)) {
        let frame = CloseFrame {
            code,
            reason: reason.into(),
        };
        // A listener that does not take it is dropped all the same.
        let _ = self.send(Message::Close(Some(frame))).await;
    }
}
