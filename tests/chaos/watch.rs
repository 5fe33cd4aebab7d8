//! Somebody who looks at each server's `/ready` twenty times a second, as a load balancer does.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::Full;
use tokio::task::JoinHandle;

use crate::load::exchange;

/// One look: when, and whether the server said that it is ready.
pub(crate) type Look = (Instant, bool);

/// Those at one server.
type Looks = Arc<Mutex<Vec<Look>>>;

pub(crate) struct Watch {
    servers: Vec<(Looks, JoinHandle<()>)>,
}

impl Watch {
    pub(crate) fn start(servers: &[SocketAddr]) -> Self {
        let servers = servers.iter().map(|server| {
            let looks = Arc::new(Mutex::new(Vec::new()));
            let looking = tokio::spawn(look_forever(*server, Arc::clone(&looks)));
            (looks, looking)
        });
        Self {
            servers: servers.collect(),
        }
    }

    /// What was seen of each server.
    pub(crate) fn stop(self) -> Vec<Vec<Look>> {
        let servers = self.servers.into_iter().map(|(looks, looking)| {
            looking.abort();
            std::mem::take(&mut *looks.lock().unwrap_or_else(PoisonError::into_inner))
        });
        servers.collect()
    }
}

async fn look_forever(server: SocketAddr, looks: Looks) {
    loop {
        let request = http::Request::builder().uri("/ready").header("host", "chaos");
        let answer = exchange(server, request.body(Full::default())).await;
        let ready = answer.is_some_and(|(status, _)| status == 200);
        looks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((Instant::now(), ready));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
