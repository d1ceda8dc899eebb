//! Properties of the query language over random trees and random text.

use hubjobs::query::{
    Aggregate, ArithmeticOp, Collection, Column, ColumnValue, CompareOp, Condition, Expr, Literal, Membership, Path,
    Problem, Projection, Query, Segment, Selection, Spanned, Truth, complement, parse_condition, parse_query,
};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        // A failure worth keeping becomes a case in `tests/cases/query`.
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn printed_conditions_parse_to_the_same_tree(filter in expr(), modules in any::<bool>()) {
        let from = if modules { Collection::Modules } else { Collection::Devices };
        let selection = Selection { from, filter: Some(filter) };
        let text = selection.to_string();
        let (tree, problems) = parse_condition(&text);
        prop_assert_eq!(tree.as_ref(), Some(&selection), "{} {:?}", text, problems);
        prop_assert_eq!(tree.map(|tree| tree.to_string()), Some(text));
    }

    #[test]
    fn printed_queries_parse_to_the_same_tree(query in query()) {
        let text = query.to_string();
        let (tree, problems) = parse_query(&text);
        prop_assert_eq!(tree, Some(query), "{} {:?}", text, problems);
    }

    #[test]
    fn any_text_can_be_parsed(text in any::<String>()) {
        check_spans(&text)?;
    }

    #[test]
    fn any_tokens_can_be_parsed(tokens in prop::collection::vec(token(), 0..40)) {
        check_spans(&tokens.join(" "))?;
        check_spans(&tokens.concat())?;
    }

    #[test]
    fn damaged_queries_can_be_parsed(query in query(), edits in prop::collection::vec(edit(), 1..5)) {
        let mut text = query.to_string();
        for (at, inserted) in edits {
            damage(&mut text, at, inserted);
        }
        check_spans(&text)?;
    }

    #[test]
    fn what_is_built_selects_exactly_its_text(text in any_name(), other in any_name()) {
        let condition = Expr::compare(
            CompareOp::Equal,
            Expr::path(Path::new(["tags", "a"]).expect("plain names")),
            Expr::literal(Literal::String(text.clone())),
        );
        let (tree, _) = parse_condition(&condition.to_string());
        let compiled = Condition::compile(&tree.expect("a built condition is valid"));
        let document = json!({"tags": {"a": text}});
        prop_assert!(compiled.matches(&document));
        let document = json!({"tags": {"a": other}});
        prop_assert_eq!(compiled.matches(&document), text == other);
    }

    #[test]
    fn negation_swaps_true_and_false_only(filter in expr(), document in document(value())) {
        prop_assert_eq!(truth(Expr::negation(filter.clone()), &document), !truth(filter, &document));
    }

    #[test]
    fn a_condition_and_its_complement_share_out_all_documents(
        filter in plain_condition(),
        document in document(primitive()),
    ) {
        let rest = complement(&filter).expect("paths are compared with constants only");
        let (filter, rest) = (truth(filter, &document), truth(rest, &document));
        prop_assert_eq!(rest, Truth::from(filter != Truth::True));
    }

    #[test]
    fn de_morgan_holds_with_undefined(one in expr(), two in expr(), document in document(value())) {
        let neither = Expr::all(vec![Expr::negation(one.clone()), Expr::negation(two.clone())]);
        let not_any = Expr::negation(Expr::any(vec![one, two]));
        prop_assert_eq!(truth(not_any, &document), truth(neither, &document));
    }
}

fn truth(filter: Expr, document: &Value) -> Truth {
    let selection = Selection { from: Collection::Devices, filter: Some(filter) };
    Condition::compile(&selection).truth(document)
}

/// Parses the text both ways; every problem must point into it.
fn check_spans(text: &str) -> Result<(), TestCaseError> {
    let (selection, problems) = parse_condition(text);
    check_problems(text, &problems)?;
    prop_assert!(selection.is_some() || !problems.is_empty());
    let (query, problems) = parse_query(text);
    check_problems(text, &problems)?;
    prop_assert!(query.is_some() || !problems.is_empty());
    Ok(())
}

fn check_problems(text: &str, problems: &[Problem]) -> Result<(), TestCaseError> {
    for problem in problems {
        prop_assert!(text.get(problem.span.clone()).is_some(), "{:?} in {:?}", problem, text);
        prop_assert!(!problem.message.ends_with('.'), "{:?}", problem);
    }
    let sorted = problems.is_sorted_by_key(|problem| problem.span.start);
    prop_assert!(sorted, "problems are in the order of the text");
    Ok(())
}

fn any_name() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 1..8).prop_map(String::from_iter)
}

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-cA-C_$][a-c0-9_$-]{0,4}",
        1 => Just("group".to_owned()),
        1 => any_name(),
    ]
    .prop_filter("must be a name", |name| Segment::new(name).is_ok())
}

fn path() -> impl Strategy<Value = Path> {
    let anywhere = prop::collection::vec(segment(), 1..4);
    let in_tags = "[a-c]".prop_map(|tag| vec!["tags".to_owned(), tag]);
    prop_oneof![2 => in_tags, 1 => Just(vec!["deviceId".to_owned()]), 1 => anywhere]
        .prop_map(|names| Path::new(names.iter().map(String::as_str)).expect("the strategy gives names only"))
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::Undefined),
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Boolean),
        (-5_i32..5).prop_map(|number| Literal::Number(number.into())),
        any::<f64>()
            .prop_filter("the language has finite numbers only", |number| number.is_finite())
            .prop_map(Literal::Number),
        any_name().prop_map(Literal::String),
        "[a-c]?".prop_map(Literal::String),
    ]
}

fn compare_op() -> impl Strategy<Value = CompareOp> {
    prop::sample::select(vec![
        CompareOp::Equal,
        CompareOp::NotEqual,
        CompareOp::Less,
        CompareOp::LessOrEqual,
        CompareOp::Greater,
        CompareOp::GreaterOrEqual,
    ])
}

fn arithmetic_op() -> impl Strategy<Value = ArithmeticOp> {
    prop::sample::select(vec![
        ArithmeticOp::Add,
        ArithmeticOp::Subtract,
        ArithmeticOp::Multiply,
        ArithmeticOp::Divide,
        ArithmeticOp::Remainder,
    ])
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf =
        prop_oneof![literal().prop_map(Expr::literal), path().prop_map(Expr::path), path().prop_map(Expr::is_defined),];
    leaf.prop_recursive(5, 32, 3, |inner| {
        let list = prop::collection::vec(literal().prop_map(Spanned::built), 0..4);
        let membership = prop::sample::select(vec![Membership::In, Membership::NotIn]);
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::all),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::any),
            inner.clone().prop_map(Expr::negation),
            inner.clone().prop_map(Expr::minus),
            (compare_op(), pair.clone()).prop_map(|(op, (left, right))| Expr::compare(op, left, right)),
            (arithmetic_op(), pair.clone()).prop_map(|(op, (left, right))| Expr::arithmetic(op, left, right)),
            pair.prop_map(|(text, prefix)| Expr::starts_with(text, prefix)),
            (membership, inner, list).prop_map(|(membership, needle, list)| Expr::member(membership, needle, list)),
        ]
    })
}

/// A condition that compares paths and constants only, as nearly all conditions do.
fn plain_condition() -> impl Strategy<Value = Expr> {
    let operand = || prop_oneof![3 => path().prop_map(Expr::path), 1 => literal().prop_map(Expr::literal)];
    let list = prop::collection::vec(literal().prop_map(Spanned::built), 0..4);
    let membership = prop::sample::select(vec![Membership::In, Membership::NotIn]);
    let prefix = "[a-c]?".prop_map(|prefix| Expr::literal(Literal::String(prefix)));
    let leaf = prop_oneof![
        1 => operand(),
        1 => path().prop_map(Expr::is_defined),
        3 => (compare_op(), operand(), operand())
            .prop_map(|(op, left, right)| Expr::compare(op, left, right)),
        1 => (membership, operand(), list)
            .prop_map(|(membership, needle, list)| Expr::member(membership, needle, list)),
        1 => (path().prop_map(Expr::path), prefix)
            .prop_map(|(text, prefix)| Expr::starts_with(text, prefix)),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::all),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::any),
            inner.prop_map(Expr::negation),
        ]
    })
}

fn column() -> impl Strategy<Value = (ColumnValue, Option<String>)> {
    (path().prop_map(ColumnValue::Path), prop::option::of("[a-c]{3}".prop_map(String::from)))
}

fn query() -> impl Strategy<Value = Query> {
    let aggregates = vec![Aggregate::Average, Aggregate::Sum, Aggregate::Minimum, Aggregate::Maximum];
    let plain = prop::collection::vec(column(), 1..4).prop_map(|columns| (columns, Vec::new()));
    let grouped = (path(), prop::sample::select(aggregates), path()).prop_map(|(key, aggregate, of)| {
        let columns = vec![
            (ColumnValue::Path(key.clone()), None),
            (ColumnValue::Count, Some("n".to_owned())),
            (ColumnValue::Aggregate(aggregate, of), Some("x".to_owned())),
        ];
        (columns, vec![key])
    });
    let select = prop_oneof![Just((Vec::new(), Vec::new())), plain, grouped];
    (prop::option::of(1_u64..1000), select, prop::option::of(expr())).prop_map(|(top, (columns, group_by), filter)| {
        Query { top, select: projection(columns), from: Collection::Devices, filter, group_by }
    })
}

fn projection(columns: Vec<(ColumnValue, Option<String>)>) -> Projection {
    if columns.is_empty() {
        return Projection::All;
    }
    let column =
        |(value, alias): (_, Option<String>)| Spanned::built(Column { value, alias: alias.map(Spanned::built) });
    Projection::Columns(columns.into_iter().map(column).collect())
}

fn primitive() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-5..5).prop_map(Value::from),
        "[a-c]?".prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![4 => primitive(), 1 => Just(json!({"a": 1}))]
}

fn document(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let tags = prop::collection::hash_map("[a-c]", value, 0..3);
    tags.prop_map(|tags| json!({"deviceId": "a", "tags": tags}))
}

/// Pieces that make the parser work harder than random characters do.
fn token() -> impl Strategy<Value = String> {
    let pieces = [
        "SELECT",
        "TOP",
        "FROM",
        "WHERE",
        "GROUP",
        "BY",
        "AS",
        "AND",
        "OR",
        "NOT",
        "IN",
        "NIN",
        "true",
        "null",
        "undefined",
        "devices",
        "modules",
        "jobs",
        "tags",
        "deviceId",
        "COUNT",
        "IS_DEFINED",
        "LIKE",
        "BETWEEN",
        "IS",
        "ORDER",
        "JOIN",
        "LIMIT",
        "==",
        "&&",
        "!",
        "=",
        "<",
        "+",
        "-",
        "*",
        "(",
        ")",
        "[",
        "]",
        "[[",
        "]]",
        ",",
        ".",
        ";",
        "'",
        "\"",
        "'x'",
        "\\",
        "\\u",
        "1",
        "0x",
        "2e",
        "ü",
        "“",
        "\n",
    ];
    prop::sample::select(pieces.map(str::to_owned).to_vec())
}

fn edit() -> impl Strategy<Value = (Index, Option<char>)> {
    (any::<Index>(), prop::option::of(prop::sample::select(vec!['\'', '(', ')', '[', '.', 'ä', '\\', '-'])))
}

/// Inserts a character, or removes one.
fn damage(text: &mut String, at: Index, inserted: Option<char>) {
    let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    if boundaries.is_empty() {
        return;
    }
    let at = *at.get(&boundaries);
    match inserted {
        Some(c) => text.insert(at, c),
        None => {
            text.remove(at);
        }
    }
}
