//! Functions that a request can call.

use serde::Deserialize;

use crate::ident::Qualified;

/// An input parameter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Param {
    /// Name; empty for an unnamed one.
    #[serde(default)]
    pub name: String,
    /// Declared type.
    #[serde(rename = "type")]
    pub declared_type: String,
    /// Type to cast an argument to: a type whose missing length would mean one is widened.
    pub cast_type: String,
    /// It has no default.
    #[serde(default)]
    pub required: bool,
    /// It takes any number of values.
    #[serde(default)]
    pub variadic: bool,
    /// Its type reads a value from one text, and so does JSON for it: no array, no composite, no domain.
    #[serde(default)]
    pub scalar: bool,
}

/// What a function promises about the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Volatility {
    /// It may write.
    #[serde(rename = "v")]
    Volatile,
    /// It reads only.
    #[serde(rename = "s")]
    Stable,
    /// It does not even read.
    #[serde(rename = "i")]
    Immutable,
}

/// Shape of a function's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Returns {
    /// Nothing.
    Void,
    /// One value.
    Scalar,
    /// One row.
    Row,
    /// Many values.
    SetOfScalars,
    /// Many rows.
    SetOfRows,
}

/// A callable function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routine {
    /// Object id.
    pub oid: i64,
    /// Schema and name.
    pub name: Qualified,
    /// Comment.
    pub description: Option<String>,
    /// Input parameters in their order.
    pub params: Vec<Param>,
    /// Shape of the result.
    pub returns: Returns,
    /// Type, or table, of the result.
    pub return_type: Qualified,
    /// What it promises.
    pub volatility: Volatility,
    /// Its last parameter takes any number of values.
    pub variadic: bool,
    /// Isolation level that it asks for.
    pub isolation: Option<String>,
    /// `proconfig`: settings attached to it, by name.
    pub settings: Vec<(String, String)>,
}

impl Routine {
    /// One value or nothing, not a row and not a set.
    #[must_use]
    pub const fn returns_scalar(&self) -> bool {
        matches!(self.returns, Returns::Scalar | Returns::Void)
    }

    /// Anything but a set.
    #[must_use]
    pub const fn returns_single(&self) -> bool {
        matches!(self.returns, Returns::Scalar | Returns::Void | Returns::Row)
    }

    /// The result has no columns of its own.
    #[must_use]
    pub const fn returns_values(&self) -> bool {
        matches!(
            self.returns,
            Returns::Scalar | Returns::Void | Returns::SetOfScalars
        )
    }

    /// Nothing comes back.
    #[must_use]
    pub const fn returns_void(&self) -> bool {
        matches!(self.returns, Returns::Void)
    }

    /// The relation whose relationships a result can embed: its table, or else the function's own name.
    #[must_use]
    pub fn relation(&self) -> Qualified {
        match self.returns {
            Returns::Row | Returns::SetOfRows => {
                Qualified::new(self.name.schema.clone(), self.return_type.name.clone())
            }
            Returns::Void | Returns::Scalar | Returns::SetOfScalars => self.name.clone(),
        }
    }
}
