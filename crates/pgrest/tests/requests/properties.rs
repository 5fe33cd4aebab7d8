//! What is printed reads the same; what is read at random never panics.

use http::{HeaderMap, HeaderValue, Method, header};
use proptest::{collection::vec, option, prelude::*};
use seawall_pgrest::request::{
    Aggregate, ApiRequest, Arrow, BinaryOperator, Direction, Field, Filter, FullTextOperator, IsValue, Join,
    JsonOperand, JsonStep, LogicOperator, LogicTree, MediaType, Nulls, Operation, OrderTerm, QuantOperator,
    Quantifier, RawRequest, RequestConfig, SelectColumn, SelectEmbed, SelectItem, grammar,
};

use crate::print;

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_]{1,6}", "[ -~]{0,8}", "\\PC{0,5}", Just("count".to_owned())]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,12}", "\\PC{0,6}"]
}

fn cast() -> impl Strategy<Value = Option<String>> {
    option::of("[a-z_][a-z0-9_]{0,6}")
}

fn field() -> impl Strategy<Value = Field> {
    let operand = prop_oneof![
        name().prop_map(JsonOperand::Key),
        (-99..99_i32).prop_map(|index| JsonOperand::Index(index.to_string())),
    ];
    let arrow = prop_oneof![Just(Arrow::Json), Just(Arrow::Text)];
    let step = (arrow, operand).prop_map(|(arrow, operand)| JsonStep { arrow, operand });
    (name(), vec(step, 0..3)).prop_map(|(name, path)| Field { name, path })
}

fn aggregate() -> impl Strategy<Value = Aggregate> {
    proptest::sample::select(vec![
        Aggregate::Sum,
        Aggregate::Avg,
        Aggregate::Count,
        Aggregate::Max,
        Aggregate::Min,
    ])
}

fn column() -> impl Strategy<Value = SelectItem> {
    (
        field(),
        option::of(name()),
        cast(),
        option::of((aggregate(), cast())),
    )
        .prop_map(|(field, alias, cast, aggregate)| {
            let (aggregate, aggregate_cast) = match aggregate {
                Some((aggregate, cast)) => (Some(aggregate), cast),
                None => (None, None),
            };
            SelectItem::Column(SelectColumn {
                field,
                alias,
                cast,
                aggregate,
                aggregate_cast,
            })
        })
}

fn item() -> impl Strategy<Value = SelectItem> {
    let leaf = prop_oneof![
        Just(SelectItem::Star),
        (option::of(name()), cast()).prop_map(|(alias, cast)| SelectItem::Count { alias, cast }),
        column(),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let join = option::of(prop_oneof![Just(Join::Inner), Just(Join::Left)]);
        // `count` followed by a parenthesis is the aggregate, quoted or not
        let relation = name().prop_filter("not the aggregate", |name| name != "count");
        (
            relation,
            option::of(name()),
            option::of(name()),
            join,
            vec(inner, 0..4),
            any::<bool>(),
        )
            .prop_map(|(relation, alias, hint, join, select, spread)| {
                let embed = SelectEmbed {
                    relation,
                    alias: alias.filter(|_| !spread),
                    hint,
                    join,
                    select,
                };
                match spread {
                    true => SelectItem::Spread(embed),
                    false => SelectItem::Embed(embed),
                }
            })
    })
}

fn operation() -> impl Strategy<Value = Operation> {
    use BinaryOperator::{
        Adjacent, ContainedIn, Contains, NotEqual, NotExtendsLeft, NotExtendsRight, Overlaps, StrictlyLeft,
        StrictlyRight,
    };
    use FullTextOperator::{Phrase, Plain, Raw, WebSearch};
    use QuantOperator::{Equal, Greater, GreaterEqual, ILike, IMatch, Less, LessEqual, Like, Match};
    let quant = vec![
        Equal,
        GreaterEqual,
        Greater,
        LessEqual,
        Less,
        Like,
        ILike,
        Match,
        IMatch,
    ];
    let binary = vec![
        NotEqual,
        Contains,
        ContainedIn,
        Overlaps,
        StrictlyLeft,
        StrictlyRight,
        NotExtendsRight,
        NotExtendsLeft,
        Adjacent,
    ];
    let is = vec![
        IsValue::Null,
        IsValue::NotNull,
        IsValue::True,
        IsValue::False,
        IsValue::Unknown,
    ];
    let full_text = vec![Raw, Plain, Phrase, WebSearch];
    let quantifier = option::of(prop_oneof![Just(Quantifier::Any), Just(Quantifier::All)]);
    prop_oneof![
        (proptest::sample::select(quant), quantifier, value()).prop_map(|(operator, quantifier, value)| {
            Operation::Quant {
                operator,
                quantifier,
                value,
            }
        }),
        (proptest::sample::select(binary), value())
            .prop_map(|(operator, value)| Operation::Binary { operator, value }),
        vec(value(), 1..4).prop_map(Operation::In),
        proptest::sample::select(is).prop_map(Operation::Is),
        value().prop_map(Operation::IsDistinct),
        (
            proptest::sample::select(full_text),
            option::of("[a-z]{1,6}"),
            value()
        )
            .prop_map(|(operator, language, value)| Operation::FullText {
                operator,
                language,
                value,
            }),
    ]
}

fn group() -> impl Strategy<Value = LogicTree> {
    let leaf = (field(), any::<bool>(), operation()).prop_map(|(field, negated, operation)| {
        LogicTree::Filter(Filter {
            field,
            negated,
            operation,
        })
    });
    let group = |inner: BoxedStrategy<LogicTree>| {
        let operator = prop_oneof![Just(LogicOperator::And), Just(LogicOperator::Or)];
        (any::<bool>(), operator, vec(inner, 1..4)).prop_map(|(negated, operator, children)| {
            LogicTree::Group {
                negated,
                operator,
                children,
            }
        })
    };
    group(
        leaf.prop_recursive(3, 24, 4, move |inner| group(inner.boxed()))
            .boxed(),
    )
}

fn term() -> impl Strategy<Value = OrderTerm> {
    let direction = option::of(prop_oneof![Just(Direction::Asc), Just(Direction::Desc)]);
    let nulls = option::of(prop_oneof![Just(Nulls::First), Just(Nulls::Last)]);
    (option::of(name()), field(), direction, nulls).prop_map(|(relation, field, direction, nulls)| {
        OrderTerm {
            relation,
            field,
            direction,
            nulls,
        }
    })
}

fn parse_anything(method: &Method, path: &str, query: &str, headers: &HeaderMap, body: &[u8]) {
    let raw = RawRequest {
        method,
        path,
        query,
        headers,
        body,
    };
    if let Err(error) = ApiRequest::parse(&RequestConfig::default(), raw) {
        assert!(!error.report().message.is_empty());
    }
}

/// Text made of what the little languages are made of.
fn fragments() -> impl Strategy<Value = String> {
    let pieces = vec![
        "a",
        "id",
        "\"",
        "\\",
        "(",
        ")",
        ",",
        ".",
        ":",
        "::",
        "->",
        "->>",
        "-",
        "!",
        "inner",
        "...",
        "*",
        "count()",
        "not",
        "and",
        "or",
        "eq",
        "in",
        "is",
        "null",
        "fts",
        "(any)",
        "{",
        "}",
        " ",
        "desc",
        "nullslast",
        "é",
        "\t",
        "1",
    ];
    vec(proptest::sample::select(pieces), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_printed_select_list_reads_the_same(items in vec(item(), 0..4)) {
        prop_assert_eq!(grammar::select(&print::select(&items)), Ok(items));
    }

    #[test]
    fn a_printed_order_reads_the_same(terms in vec(term(), 1..4)) {
        prop_assert_eq!(grammar::order(&print::order(&terms)), Ok(terms));
    }

    #[test]
    fn a_printed_filter_reads_the_same(negated: bool, operation in operation()) {
        let text = print::operation(negated, &operation, ToOwned::to_owned);
        prop_assert_eq!(grammar::operation(&text), Ok((negated, operation)));
    }

    #[test]
    fn a_printed_tree_reads_the_same(tree in group()) {
        let text = print::tree(&tree);
        let (key, value) = text.split_at(text.find('(').expect("a group"));
        prop_assert_eq!(grammar::logic(key, value), Ok((Vec::new(), tree)));
    }

    #[test]
    fn no_text_of_a_little_language_panics(text in prop_oneof![fragments(), "\\PC{0,40}"]) {
        for error in [
            grammar::select(&text).err(),
            grammar::order(&text).err(),
            grammar::columns(&text).err(),
            grammar::operation(&text).err(),
            grammar::tree_path(&text).err(),
            grammar::logic("and", &text).err(),
            grammar::logic(&text, "(a.eq.1)").err(),
        ].into_iter().flatten() {
            prop_assert!(error.message.contains("(line "));
            prop_assert!(!error.details.is_empty());
        }
    }

    #[test]
    fn no_query_string_panics(query in prop_oneof![fragments(), "[ -~]{0,60}", "\\PC{0,30}"]) {
        parse_anything(&Method::GET, "/items", &query, &HeaderMap::new(), b"");
        parse_anything(&Method::GET, "/rpc/f", &query, &HeaderMap::new(), b"");
    }

    #[test]
    fn no_path_panics(path in "[ -~]{0,30}") {
        parse_anything(&Method::GET, &path, "", &HeaderMap::new(), b"");
    }

    #[test]
    fn no_body_panics(body in vec(any::<u8>(), 0..64), kind in 0..4_usize) {
        let kinds = ["application/json", "text/csv", "application/x-www-form-urlencoded", "text/plain"];
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kinds[kind]));
        parse_anything(&Method::POST, "/items", "", &headers, &body);
        parse_anything(&Method::POST, "/rpc/f", "", &headers, &body);
    }

    #[test]
    fn no_media_type_panics_and_each_prints_what_reads_the_same(text in "[ -~]{0,40}") {
        let read = MediaType::parse(&text);
        prop_assert_eq!(MediaType::parse(&read.to_string()), read);
    }
}

#[test]
fn depth_is_refused_before_the_stack_ends() {
    let depth = 200_000;
    let embeds = format!("{}id{}", "a(".repeat(depth), ")".repeat(depth));
    assert!(grammar::select(&embeds).is_err());
    let groups = format!("({}a.eq.1{})", "and(".repeat(depth), ")".repeat(depth));
    assert!(grammar::logic("and", &groups).is_err());
}

#[test]
fn any_depth_in_use_is_allowed() {
    let depth = 60;
    let embeds = format!("{}id{}", "a(".repeat(depth), ")".repeat(depth));
    assert!(grammar::select(&embeds).is_ok());
}

#[test]
fn length_costs_time_in_proportion_only() {
    let long = "a,b ,".repeat(5_000);
    assert!(grammar::select(&long).is_err());
    let quoted = format!("\"{}\"", "\\a".repeat(50_000));
    assert!(grammar::select(&quoted).is_ok());
}
