//! The query language: whatever the text, problems have places in it, and what is taken is printed
//! in a form that means the same.

use hubjobs::query::{Condition, Problem, Rows, Statement, Truth, complement, parse_condition, parse_query};
use serde_json::{Value, json};

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    condition(text);
    query(text);
}

fn condition(text: &str) {
    let (selection, problems) = parse_condition(text);
    check_places(text, &problems);
    let Some(selection) = selection else { return };
    let compiled = Condition::compile(&selection);
    let rest = selection.filter.as_ref().and_then(|filter| complement(filter).ok());
    let rest = rest.and_then(|rest| parse_condition(&rest.to_string()).0).map(|rest| Condition::compile(&rest));
    for document in documents() {
        let truth = compiled.truth(&document);
        if let Some(rest) = &rest {
            assert!(!(truth == Truth::True && rest.matches(&document)), "in both parts: {text}");
        }
    }
}

fn query(text: &str) {
    let (query, problems) = parse_query(text);
    check_places(text, &problems);
    let Some(query) = query else { return };
    let printed = query.to_string();
    let (again, problems) = parse_query(&printed);
    // Printing may make a query longer than the limit, never wrong otherwise.
    if problems.is_empty() {
        assert_eq!(again.map(|query| query.to_string()), Some(printed), "printed again: {text}");
    }
    let statement = Statement::compile(&query);
    let mut rows = Rows::new(&statement);
    for document in documents() {
        if rows.feed(&document).is_break() {
            break;
        }
    }
    let _ = rows.finish();
}

fn check_places(text: &str, problems: &[Problem]) {
    for problem in problems {
        assert!(text.get(problem.span.clone()).is_some(), "{problem:?} is not a place in {text:?}");
    }
}

fn documents() -> [Value; 3] {
    [
        json!({}),
        json!({"deviceId": "a", "tags": {"a": 1, "b": "x", "c": null, "d": true, "e": {"f": [1]}}, "status": "enabled"}),
        json!({"deviceId": "b", "properties": {"reported": {"fw": "2.1", "$version": 3}, "desired": {"n": 1.5}}}),
    ]
}
