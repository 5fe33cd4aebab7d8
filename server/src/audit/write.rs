//! The thread that writes records down: a disk that stalls must not hold the reactor.
//!
//! Whoever waits is told when the line is in the system's hands. Lines that come while
//! one write is under way leave together with the next.

use std::io;
use std::path::PathBuf;

use tokio::sync::{mpsc, oneshot};

use super::journal::{Full, Journal};

/// Records that wait for the thread; more make their answers wait.
const MOST_WAITING: usize = 8_192;

/// Lines of one write.
const MOST_TOGETHER: usize = 512;

/// What the thread is asked.
pub(super) enum Order {
    /// Write a line and say whether it is written.
    Write(Vec<u8>, oneshot::Sender<bool>),
    /// Close the segment that is written to, so that it can be sent, and say its number.
    Close(oneshot::Sender<u64>),
}

/// The way to the thread.
pub(super) struct Writer {
    pub(super) orders: mpsc::Sender<Order>,
    /// The folder of this instance.
    pub(super) folder: PathBuf,
}

impl Writer {
    /// Starts the thread; it ends when nobody can ask it any more.
    pub(super) fn start(journal: Journal, full: impl Fn(usize, &Full) + Send + 'static) -> io::Result<Self> {
        let (orders, asked) = mpsc::channel(MOST_WAITING);
        let folder = journal.folder().to_owned();
        std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || write(journal, asked, full))?;
        Ok(Self { orders, folder })
    }
}

fn write(mut journal: Journal, mut asked: mpsc::Receiver<Order>, full: impl Fn(usize, &Full)) {
    let mut told = Vec::new();
    let mut lines = Vec::new();
    while let Some(first) = asked.blocking_recv() {
        let mut next = Some(first);
        let mut closing = None;
        while let Some(order) = next.take() {
            match order {
                Order::Write(line, tell) => {
                    lines.extend_from_slice(&line);
                    told.push(tell);
                }
                Order::Close(tell) => {
                    closing = Some(tell);
                    break;
                }
            }
            if told.len() < MOST_TOGETHER {
                next = asked.try_recv().ok();
            }
        }
        if !told.is_empty() {
            let written = journal.append(&lines);
            if let Err(error) = &written {
                full(told.len(), error);
            }
            for tell in told.drain(..) {
                let _gone = tell.send(written.is_ok());
            }
            lines.clear();
        }
        if let Some(tell) = closing {
            let _gone = tell.send(journal.close_segment());
        }
    }
}
