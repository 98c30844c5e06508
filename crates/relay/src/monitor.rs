//! What monitoring may read, on loopback: whether the relay is well, and
//! totals. `[HW-RELAY-17]`
//!
//! The totals are taken anew every few minutes only. Whoever reads and keeps
//! them more often than that would otherwise keep the time of each request of a
//! relay that has few.

use std::{
    convert::Infallible,
    fmt::Write as _,
    io,
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use hushwing_wire::address::LoopbackAddr;
use hyper::{
    Method, Request, Response, StatusCode, body::Incoming, header, server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore, time::timeout};

use crate::{service::RelayService, store::StoreLimits};

/// How often the totals are taken anew unless it is set.
pub const FIGURES_STEP: Duration = Duration::from_secs(300);

/// Readers at once; more wait.
const MAX_READERS: usize = 8;

/// Longest time for one reader.
const READER_DEADLINE: Duration = Duration::from_secs(10);

/// After a failed accept, so that it does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves `/health` and `/metrics` until it is dropped.
#[derive(Debug)]
pub struct Monitor {
    listener: TcpListener,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    service: Arc<RelayService>,
    limits: StoreLimits,
    totals: RwLock<String>,
}

impl Monitor {
    /// Listens at `at`.
    ///
    /// # Errors
    /// The system's, when it cannot.
    pub async fn bind(
        at: LoopbackAddr,
        service: Arc<RelayService>,
        limits: StoreLimits,
    ) -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(at.socket_addr()).await?,
            shared: Arc::new(Shared {
                service,
                limits,
                totals: RwLock::default(),
            }),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves for ever; the totals are taken anew every `step`.
    pub async fn serve(self, step: Duration) {
        let renewing = async {
            loop {
                self.shared.renew().await;
                tokio::time::sleep(step).await;
            }
        };
        tokio::join!(renewing, self.accept());
    }

    async fn accept(&self) {
        let readers = Arc::new(Semaphore::new(MAX_READERS));
        loop {
            let Ok(place) = readers.clone().acquire_owned().await else {
                return;
            };
            let Ok((stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let shared = self.shared.clone();
            tokio::spawn(async move {
                let answering = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .keep_alive(false)
                    .serve_connection(
                        TokioIo::new(stream),
                        service_fn(|request| {
                            let shared = shared.clone();
                            async move { Ok::<_, Infallible>(shared.answer(&request).await) }
                        }),
                    );
                // A reader that went away is no concern of ours.
                let _ = timeout(READER_DEADLINE, answering).await;
                drop(place);
            });
        }
    }
}

impl Shared {
    async fn answer(&self, request: &Request<Incoming>) -> Response<String> {
        if !names_this_machine(request) {
            return text(StatusCode::MISDIRECTED_REQUEST, "not here\n".to_owned());
        }
        if request.method() != Method::GET {
            return text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n".to_owned());
        }
        match request.uri().path() {
            "/health" => self.health().await,
            "/metrics" => text(StatusCode::OK, self.metrics().await),
            _ => text(StatusCode::NOT_FOUND, "/health or /metrics\n".to_owned()),
        }
    }

    async fn health(&self) -> Response<String> {
        match self.service.is_accepting().await {
            Ok(true) => text(StatusCode::OK, "ok\n".to_owned()),
            Ok(false) => text(StatusCode::OK, "takes no new boxes\n".to_owned()),
            Err(_) => text(
                StatusCode::SERVICE_UNAVAILABLE,
                "the store cannot be read\n".to_owned(),
            ),
        }
    }

    async fn metrics(&self) -> String {
        let accepting = self.service.is_accepting().await;
        let mut page = String::new();
        let mut gauge =
            |name: &str, help: &str, value: u64| row(&mut page, "gauge", name, help, value);
        gauge(
            "up",
            "1 while the store can be read.",
            accepting.is_ok().into(),
        );
        gauge(
            "accepting",
            "1 while new boxes are taken.",
            accepting.unwrap_or(false).into(),
        );
        page + &self.totals.read().unwrap_or_else(PoisonError::into_inner)
    }

    async fn renew(&self) {
        let totals = self.totals().await;
        *self.totals.write().unwrap_or_else(PoisonError::into_inner) = totals;
    }

    async fn totals(&self) -> String {
        let mut page = String::new();
        let mut gauge =
            |name: &str, help: &str, value: u64| row(&mut page, "gauge", name, help, value);
        if let Ok(usage) = self.service.usage().await {
            gauge("boxes", "Boxes that can be read.", usage.boxes);
            gauge(
                "tombstones",
                "Places whose box was dropped.",
                usage.tombstones,
            );
            gauge("store_bytes", "Bytes that these count as.", usage.bytes());
        }
        gauge("max_boxes", "Boxes at most.", self.limits.max_boxes);
        gauge("max_bytes", "Bytes at most.", self.limits.max_bytes);
        gauge(
            "places_waited_at",
            "Places at which somebody waits.",
            self.service.waits() as u64,
        );
        let figures = self.service.figures();
        gauge("connections", "Open connections.", figures.open());
        if let Some(level) = self.service.work_level() {
            gauge(
                "work_level",
                "Work that a box costs, as a power of two.",
                level.into(),
            );
        }
        heading(&mut page, "counter", "answers_total", "Answers by kind.");
        for (asked, answer, total) in figures.answers() {
            let _ = writeln!(
                page,
                r#"{PREFIX}answers_total{{operation="{asked}",answer="{answer}"}} {total}"#
            );
        }
        heading(
            &mut page,
            "counter",
            "connections_total",
            "Connections by what became of them.",
        );
        for (end, total) in figures.connections() {
            let _ = writeln!(page, r#"{PREFIX}connections_total{{end="{end}"}} {total}"#);
        }
        page
    }
}

const PREFIX: &str = "hushwing_relay_";

fn row(page: &mut String, kind: &str, name: &str, help: &str, value: u64) {
    heading(page, kind, name, help);
    let _ = writeln!(page, "{PREFIX}{name} {value}");
}

fn heading(page: &mut String, kind: &str, name: &str, help: &str) {
    let _ = writeln!(
        page,
        "# HELP {PREFIX}{name} {help}\n# TYPE {PREFIX}{name} {kind}"
    );
}

/// A page of a stranger that a browser here was led to has another name.
fn names_this_machine(request: &Request<Incoming>) -> bool {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or("");
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

fn text(status: StatusCode, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let plain = header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, plain);
    let no_store = header::HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, no_store);
    response
}
