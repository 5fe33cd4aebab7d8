//! One connection, and the statements prepared on it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use seawall_pgrest::sql::Bind;

use crate::wire::{Head, Landing, Pipeline, Refusal, Row, Stop, Way, Wire, WireError};

/// Statements remembered on one connection. PostgreSQL keeps each one's plan in memory.
const MOST_STATEMENTS: usize = 256;

/// Names are unique to this process, so that a pooler's connections may be shared with another's.
static NAMES: AtomicU64 = AtomicU64::new(0);

/// A connection with its memory.
pub(super) struct Connection {
    pub(super) wire: Wire,
    pub(super) born: Instant,
    /// By role and by text: names are resolved under the role's own privileges.
    seen: HashMap<Box<str>, HashMap<Box<str>, Seen>>,
    count: usize,
    /// Names that the database is to forget with the next flight.
    outdated: Vec<Arc<str>>,
    prefix: u32,
    /// The schema cache the prepared statements belong to.
    generation: u64,
}

#[derive(Debug, Clone)]
enum Seen {
    Once,
    Prepared(Arc<str>),
}

/// A statement that this flight prepares: remembered when the database says that it did.
struct Prepared {
    role: Box<str>,
    text: Box<str>,
    name: Arc<str>,
    /// How many statements of the flight are parsed before it.
    place: usize,
}

/// A flight that has stopped before a column that is too large to be held.
pub(super) struct Pause {
    head: Head,
    preparing: Vec<Prepared>,
}

/// Statements that are to leave together.
pub(super) struct Flight<'connection> {
    connection: &'connection mut Connection,
    pipeline: Pipeline,
    prepares: bool,
    parses: usize,
    preparing: Vec<Prepared>,
}

impl Connection {
    pub(super) fn new(wire: Wire) -> Self {
        Self {
            wire,
            born: Instant::now(),
            seen: HashMap::new(),
            count: 0,
            outdated: Vec::new(),
            prefix: uuid::Uuid::new_v4().as_fields().0,
            generation: 0,
        }
    }

    /// Forgets what was prepared for another schema cache.
    pub(super) fn belong_to(&mut self, generation: u64) {
        if self.generation != generation {
            self.generation = generation;
            self.forget();
        }
    }

    /// Forgets everything that was prepared.
    pub(super) fn forget(&mut self) {
        let statements = self.seen.drain().flat_map(|(_, texts)| texts.into_values());
        self.outdated.extend(statements.filter_map(|seen| match seen {
            Seen::Prepared(name) => Some(name),
            Seen::Once => None,
        }));
        self.count = 0;
    }

    /// Begins to put a flight together. `prepares` tells whether statements that come back are prepared.
    pub(super) fn flight(&mut self, prepares: bool) -> Flight<'_> {
        Flight {
            connection: self,
            pipeline: Pipeline::default(),
            prepares,
            parses: 0,
            preparing: Vec::new(),
        }
    }

    /// Asks one thing outside any request.
    ///
    /// # Errors
    /// With a sentence for the log.
    pub(super) async fn ask(&mut self, text: &str, binds: &[Bind]) -> Result<Vec<Row>, String> {
        let mut flight = self.flight(false);
        let landing = match flight.add("", text, binds) {
            Ok(()) => flight.fly(None).await,
            Err(error) => Err(error),
        };
        let (mut landing, _) = landing.map_err(|error| error.to_string())?;
        match landing.refusal {
            Some(Refusal { code, message, .. }) => Err(format!("{code}: {message}")),
            None => Ok(landing.done.pop().unwrap_or_default()),
        }
    }

    /// The next piece of the column that a flight stopped before; nothing when all of it has come.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(super) async fn piece(&mut self, pause: &mut Pause) -> Result<Option<Bytes>, WireError> {
        self.wire.piece(&mut pause.head).await
    }

    /// Goes on after that column.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(super) async fn go_on(
        &mut self,
        landing: Landing,
        pause: Pause,
        column: Bytes,
    ) -> Result<Landing, WireError> {
        let landing = self.wire.go_on(landing, pause.head, column).await?;
        self.learn(pause.preparing, &landing);
        Ok(landing)
    }

    /// Remembers what was prepared.
    fn learn(&mut self, preparing: Vec<Prepared>, landing: &Landing) {
        for prepared in preparing {
            if prepared.place < landing.parsed {
                self.remember(prepared.role, prepared.text, Seen::Prepared(prepared.name));
            }
        }
    }

    /// Notes that a statement was met; gives its name if it is prepared, or is to be prepared now that it came back.
    fn meet(&mut self, role: &str, text: &str) -> Met {
        let known = self.seen.get(role).and_then(|texts| texts.get(text));
        match known {
            Some(Seen::Prepared(name)) => Met::Prepared(Arc::clone(name)),
            Some(Seen::Once) => Met::Again(self.name()),
            None => {
                if self.count >= MOST_STATEMENTS {
                    self.forget();
                }
                self.remember(role.into(), text.into(), Seen::Once);
                Met::First
            }
        }
    }

    fn remember(&mut self, role: Box<str>, text: Box<str>, seen: Seen) {
        if self.seen.entry(role).or_default().insert(text, seen).is_none() {
            self.count += 1;
        }
    }

    fn name(&self) -> Arc<str> {
        let number = NAMES.fetch_add(1, Ordering::Relaxed);
        format!("seawall_{:08x}_{number}", self.prefix).into()
    }
}

enum Met {
    First,
    Again(Arc<str>),
    Prepared(Arc<str>),
}

impl Flight<'_> {
    /// Adds a statement as a role sees it: the first time as it is, the second prepared, then by its name.
    ///
    /// # Errors
    /// When it cannot be sent at all.
    pub(super) fn add(&mut self, role: &str, text: &str, binds: &[Bind]) -> Result<(), WireError> {
        let met = if self.prepares {
            self.connection.meet(role, text)
        } else {
            Met::First
        };
        match met {
            Met::First => {
                self.parses += 1;
                self.pipeline.add(text, binds, Way::Once)
            }
            Met::Again(name) => {
                self.pipeline.add(text, binds, Way::Named(&name))?;
                self.preparing.push(Prepared {
                    role: role.into(),
                    text: text.into(),
                    name,
                    place: self.parses,
                });
                self.parses += 1;
                Ok(())
            }
            Met::Prepared(name) => self.pipeline.add(text, binds, Way::Again(&name)),
        }
    }

    /// Marks that the answer is complete here, and what follows is for the connection's next use.
    pub(super) fn answers_here(&mut self) {
        self.pipeline.answers_here();
    }

    /// Sends it and waits for the answers; where it stops, for those before.
    ///
    /// # Errors
    /// When the connection breaks; what became of the statements is then unknown.
    pub(super) async fn fly(self, stop: Option<Stop>) -> Result<(Landing, Option<Pause>), WireError> {
        let Self {
            connection,
            mut pipeline,
            preparing,
            ..
        } = self;
        for name in std::mem::take(&mut connection.outdated) {
            pipeline.forget(&name)?;
        }
        // Whether a statement was prepared is known when all has come.
        if !preparing.is_empty() {
            pipeline.answers_at_its_end();
        }
        let (landing, head) = connection.wire.send(&pipeline.synchronised(), stop).await?;
        let Some(head) = head else {
            connection.learn(preparing, &landing);
            return Ok((landing, None));
        };
        Ok((landing, Some(Pause { head, preparing })))
    }
}

impl Pause {
    /// The row so far, its last column empty.
    pub(super) fn row(&self) -> &Row {
        self.head.row()
    }

    /// Bytes of the column that are still to come.
    pub(super) fn left(&self) -> usize {
        self.head.left()
    }
}
