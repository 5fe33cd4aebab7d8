//! The `order` parameter.

use super::field::Field;

/// One term of an order list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderTerm {
    /// `relation(field)`: the to-one embed whose field decides; `None` for this level's own.
    pub relation: Option<String>,
    /// What decides.
    pub field: Field,
    /// `asc` or `desc` where said.
    pub direction: Option<Direction>,
    /// Where nulls go, where said.
    pub nulls: Option<Nulls>,
}

/// Sort direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `asc`
    Asc,
    /// `desc`
    Desc,
}

/// Where nulls go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// `nullsfirst`
    First,
    /// `nullslast`
    Last,
}
