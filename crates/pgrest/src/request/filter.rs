//! Conditions on rows: single filters and the `and`/`or` trees built from them.

use super::field::Field;

/// One condition: `field=not.operator.value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// What is tested.
    pub field: Field,
    /// Whether `not.` precedes the operator.
    pub negated: bool,
    /// The test.
    pub operation: Operation,
}

/// An operator with its operand. Values are text; PostgreSQL infers their type from the column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// An operator that may be followed by `(any)` or `(all)`; the value is then an array literal.
    Quant {
        /// The operator.
        operator: QuantOperator,
        /// The modifier.
        quantifier: Option<Quantifier>,
        /// The operand. For `like` and `ilike`, `*` still stands for `%`.
        value: String,
    },
    /// Any other operator with one operand.
    Binary {
        /// The operator.
        operator: BinaryOperator,
        /// The operand.
        value: String,
    },
    /// `in.(a,b)`; `in.()` gives one empty string, as sent.
    In(Vec<String>),
    /// `is.null` and its kin.
    Is(IsValue),
    /// `isdistinct.value`
    IsDistinct(String),
    /// `fts(language).query` and its kin.
    FullText {
        /// Which parser reads the query.
        operator: FullTextOperator,
        /// Text search configuration.
        language: Option<String>,
        /// The query.
        value: String,
    },
}

/// Operators that take `any` and `all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantOperator {
    /// `eq`, SQL `=`
    Equal,
    /// `gte`, SQL `>=`
    GreaterEqual,
    /// `gt`, SQL `>`
    Greater,
    /// `lte`, SQL `<=`
    LessEqual,
    /// `lt`, SQL `<`
    Less,
    /// `like`
    Like,
    /// `ilike`
    ILike,
    /// `match`, SQL `~`
    Match,
    /// `imatch`, SQL `~*`
    IMatch,
}

/// Operators with one operand and no modifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOperator {
    /// `neq`, SQL `<>`
    NotEqual,
    /// `cs`, SQL `@>`
    Contains,
    /// `cd`, SQL `<@`
    ContainedIn,
    /// `ov`, SQL `&&`
    Overlaps,
    /// `sl`, SQL `<<`
    StrictlyLeft,
    /// `sr`, SQL `>>`
    StrictlyRight,
    /// `nxr`, SQL `&<`
    NotExtendsRight,
    /// `nxl`, SQL `&>`
    NotExtendsLeft,
    /// `adj`, SQL `-|-`
    Adjacent,
}

/// Which parser reads a full-text query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FullTextOperator {
    /// `fts`: `to_tsquery`
    Raw,
    /// `plfts`: `plainto_tsquery`
    Plain,
    /// `phfts`: `phraseto_tsquery`
    Phrase,
    /// `wfts`: `websearch_to_tsquery`
    WebSearch,
}

/// Whether one element must match, or every one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// `(any)`
    Any,
    /// `(all)`
    All,
}

/// What `is` can test for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IsValue {
    /// `null`
    Null,
    /// `not_null`
    NotNull,
    /// `true`
    True,
    /// `false`
    False,
    /// `unknown`
    Unknown,
}

/// A boolean expression over filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogicTree {
    /// `not.and(…)`, `or(…)`; has at least one child.
    Group {
        /// Whether `not.` precedes the group.
        negated: bool,
        /// How the children combine.
        operator: LogicOperator,
        /// The children, in order.
        children: Vec<LogicTree>,
    },
    /// A leaf.
    Filter(Filter),
}

/// How a group's children combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogicOperator {
    /// All must hold.
    And,
    /// One must hold.
    Or,
}

impl QuantOperator {
    /// The operator's name in a URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::GreaterEqual => "gte",
            Self::Greater => "gt",
            Self::LessEqual => "lte",
            Self::Less => "lt",
            Self::Like => "like",
            Self::ILike => "ilike",
            Self::Match => "match",
            Self::IMatch => "imatch",
        }
    }
}

impl BinaryOperator {
    /// The operator's name in a URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotEqual => "neq",
            Self::Contains => "cs",
            Self::ContainedIn => "cd",
            Self::Overlaps => "ov",
            Self::StrictlyLeft => "sl",
            Self::StrictlyRight => "sr",
            Self::NotExtendsRight => "nxr",
            Self::NotExtendsLeft => "nxl",
            Self::Adjacent => "adj",
        }
    }
}

impl FullTextOperator {
    /// The operator's name in a URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "fts",
            Self::Plain => "plfts",
            Self::Phrase => "phfts",
            Self::WebSearch => "wfts",
        }
    }
}
