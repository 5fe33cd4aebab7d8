//! Conditions as SQL.

use crate::ident::{Qualified, array_literal, quote};
use crate::plan::{Condition, ResolvedField};
use crate::request::{
    BinaryOperator, FullTextOperator, IsValue, LogicOperator, Operation, QuantOperator, Quantifier,
};

use super::field::{apply, field, search_language};
use super::fragment::Fragment;

/// A condition on the rows of `of`; `embedded` says how the presence of related rows is asked for here.
pub(super) fn condition(
    of: &Qualified,
    condition: &Condition,
    embedded: &dyn Fn(&str, bool) -> Fragment,
) -> Fragment {
    match condition {
        Condition::Group {
            negated,
            operator,
            children,
        } => {
            let between = match operator {
                LogicOperator::And => " AND ",
                LogicOperator::Or => " OR ",
            };
            let children = children.iter().map(|child| self::condition(of, child, embedded));
            Fragment::from(if *negated { "NOT (" } else { "(" })
                .join(Fragment::list(children, between))
                .push(")")
        }
        Condition::Test {
            field,
            negated,
            operation,
        } => Fragment::from(if *negated { "NOT " } else { "" }).join(test(of, field, operation)),
        Condition::Embedded { slot, present } => embedded(slot, *present),
    }
}

/// Asks a joined subquery whether it found anything.
pub(super) fn joined(slot: &str, present: bool) -> Fragment {
    Fragment::from(quote(slot)).push(if present {
        " IS DISTINCT FROM NULL"
    } else {
        " IS NOT DISTINCT FROM NULL"
    })
}

fn test(of: &Qualified, tested: &ResolvedField, operation: &Operation) -> Fragment {
    let left = field(of, tested);
    match operation {
        Operation::Quant {
            operator,
            quantifier,
            value,
        } => left
            .push(quant_operator(*operator))
            .join(quantified(*quantifier, operand(tested, *operator, value))),
        Operation::Binary { operator, value } => left
            .push(binary_operator(*operator))
            .join(read(tested, Fragment::bind(value))),
        Operation::In(values) => left.join(is_in(tested, values)),
        Operation::Is(value) => left.push(match value {
            IsValue::Null => " IS NULL",
            IsValue::NotNull => " IS NOT NULL",
            IsValue::True => " IS TRUE",
            IsValue::False => " IS FALSE",
            IsValue::Unknown => " IS UNKNOWN",
        }),
        Operation::IsDistinct(value) => left
            .push(" IS DISTINCT FROM ")
            .join(read(tested, Fragment::bind(value))),
        Operation::FullText {
            operator,
            language,
            value,
        } => left
            .push(match operator {
                FullTextOperator::Raw => " @@ to_tsquery(",
                FullTextOperator::Plain => " @@ plainto_tsquery(",
                FullTextOperator::Phrase => " @@ phraseto_tsquery(",
                FullTextOperator::WebSearch => " @@ websearch_to_tsquery(",
            })
            .join(search_language(language.as_deref()))
            .value(value)
            .push(")"),
    }
}

/// `= ANY` rather than `IN`: one bind however many values, and an empty list is possible.
fn is_in(tested: &ResolvedField, values: &[String]) -> Fragment {
    if matches!(values, [only] if only.is_empty()) {
        return Fragment::from(" = ANY ('{}')");
    }
    let array = Fragment::bind(array_literal(values.iter().map(String::as_str)));
    match &tested.transform {
        Some(function) => Fragment::from(" = ANY (SELECT ")
            .join(apply(
                function,
                Fragment::from("unnest(").join(array).push("::text[])"),
            ))
            .push(")"),
        None => Fragment::from(" = ANY (").join(array).push(")"),
    }
}

fn operand(tested: &ResolvedField, operator: QuantOperator, value: &str) -> Fragment {
    match operator {
        QuantOperator::Like | QuantOperator::ILike => Fragment::bind(value.replace('*', "%")),
        QuantOperator::Equal
        | QuantOperator::GreaterEqual
        | QuantOperator::Greater
        | QuantOperator::LessEqual
        | QuantOperator::Less
        | QuantOperator::Match
        | QuantOperator::IMatch => read(tested, Fragment::bind(value)),
    }
}

/// A domain's owner may have said how its text is read.
fn read(tested: &ResolvedField, value: Fragment) -> Fragment {
    match &tested.transform {
        Some(function) => apply(function, value),
        None => value,
    }
}

fn quantified(quantifier: Option<Quantifier>, value: Fragment) -> Fragment {
    match quantifier {
        Some(Quantifier::Any) => Fragment::from("ANY(").join(value).push(")"),
        Some(Quantifier::All) => Fragment::from("ALL(").join(value).push(")"),
        None => value,
    }
}

const fn quant_operator(operator: QuantOperator) -> &'static str {
    match operator {
        QuantOperator::Equal => " = ",
        QuantOperator::GreaterEqual => " >= ",
        QuantOperator::Greater => " > ",
        QuantOperator::LessEqual => " <= ",
        QuantOperator::Less => " < ",
        QuantOperator::Like => " like ",
        QuantOperator::ILike => " ilike ",
        QuantOperator::Match => " ~ ",
        QuantOperator::IMatch => " ~* ",
    }
}

const fn binary_operator(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::NotEqual => " <> ",
        BinaryOperator::Contains => " @> ",
        BinaryOperator::ContainedIn => " <@ ",
        BinaryOperator::Overlaps => " && ",
        BinaryOperator::StrictlyLeft => " << ",
        BinaryOperator::StrictlyRight => " >> ",
        BinaryOperator::NotExtendsRight => " &< ",
        BinaryOperator::NotExtendsLeft => " &> ",
        BinaryOperator::Adjacent => " -|- ",
    }
}
