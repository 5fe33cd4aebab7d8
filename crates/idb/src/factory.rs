//! Where databases come from.

use core::cell::Cell;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::rc::Rc;

use js_sys::{Function, Reflect};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::{Closure, JsValue};
use web_sys::{DomStringList, IdbDatabase, IdbFactory, IdbOpenDbRequest, IdbRequest};

use crate::{Error, Transaction, TransactionMode};

/// The browser's IndexedDB.
#[derive(Clone, Debug)]
pub struct Factory(IdbFactory);

/// A connection to a database.
#[derive(Clone, Debug)]
pub struct Database(IdbDatabase);

impl Factory {
    /// Wherever there is one: in a page and in workers.
    ///
    /// # Errors
    /// There is none.
    pub fn new() -> Result<Self, Error> {
        let found = Reflect::get(&js_sys::global(), &"indexedDB".into()).unwrap_or_default();
        let factory = found
            .dyn_into()
            .map_err(|_| JsValue::from("there is no IndexedDB"))?;
        Ok(Self(factory))
    }

    /// Deletes a database.
    ///
    /// # Errors
    /// IndexedDB refuses.
    pub fn delete(&self, name: &str) -> Result<impl Future<Output = Result<(), Error>> + use<>, Error> {
        let request = self.0.delete_database(name)?;
        Ok(async move { done(request.into()).await.map(drop) })
    }

    pub(crate) fn open(&self, name: &str, version: Option<u32>) -> Result<IdbOpenDbRequest, Error> {
        let request = match version {
            Some(version) => self.0.open_with_u32(name, version),
            None => self.0.open(name),
        };
        request.map_err(Error)
    }
}

impl Database {
    /// The connection that an opened request gives.
    pub(crate) async fn of(request: IdbRequest) -> Result<Self, Error> {
        let connection = done(request).await?;
        Ok(Self(connection.unchecked_into()))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> String {
        self.0.name()
    }

    /// Its structure's version.
    ///
    /// # Errors
    /// It is no whole number.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a version is what a database was opened with, which is a u32"
    )]
    pub fn version(&self) -> Result<u32, Error> {
        Ok(self.0.version() as u32)
    }

    /// The names of its stores.
    #[must_use]
    pub fn store_names(&self) -> Vec<String> {
        names(&self.0.object_store_names())
    }

    /// Begins no transaction.
    ///
    /// # Errors
    /// Always.
    pub fn transaction<T: AsRef<str>>(&self, _: &[T], _: TransactionMode) -> Result<Transaction, Error> {
        Err(Error("transactions are the page's".into()))
    }

    /// Ends the connection.
    pub fn close(&self) {
        self.0.close();
    }
}

/// A list of names.
pub(crate) fn names(list: &DomStringList) -> Vec<String> {
    (0..list.length()).filter_map(|place| list.get(place)).collect()
}

/// Waits for a request.
struct Done {
    request: IdbRequest,
    /// Whether it has an answer; nothing while nobody listens.
    is_over: Option<Rc<Cell<bool>>>,
}

/// What a request gives in the end.
fn done(request: IdbRequest) -> Done {
    Done {
        request,
        is_over: None,
    }
}

impl Future for Done {
    type Output = Result<JsValue, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &self.is_over {
            Some(is_over) if is_over.get() => Poll::Ready(self.outcome()),
            Some(_) => Poll::Pending,
            None => {
                let (waker, is_over) = (context.waker().clone(), Rc::<Cell<bool>>::default());
                self.is_over = Some(Rc::clone(&is_over));
                let end = Closure::once_into_js(move || {
                    is_over.set(true);
                    waker.wake();
                });
                let listener = Some(end.unchecked_ref::<Function>());
                self.request.set_onsuccess(listener);
                self.request.set_onerror(listener);
                Poll::Pending
            }
        }
    }
}

impl Done {
    fn outcome(&self) -> Result<JsValue, Error> {
        let problem = Reflect::get(&self.request, &"error".into()).unwrap_or_default();
        if problem.is_falsy() {
            self.request.result().map_err(Error)
        } else {
            Err(Error(problem))
        }
    }
}
