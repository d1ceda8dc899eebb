//! What the hub allows of a query that reads well.

use super::ast::{Collection, Column, ColumnValue, Projection, Query, Spanned};
use super::attribute;
use super::path::Path;
use super::problem::{Problem, ProblemCode};

pub(super) fn check(query: &Query, problems: &mut Vec<Problem>) {
    problems.extend(grouping_collection(query));
    match &query.select {
        Projection::All => problems.extend(grouped_star(query)),
        Projection::Columns(columns) => {
            problems.extend(columns_of_jobs(query.from, columns));
            problems.extend(columns.iter().filter_map(|column| loose_column(query, columns, column)));
            problems.extend(duplicate_columns(query.from, columns));
        }
    }
    let columns = match &query.select {
        Projection::All => &[],
        Projection::Columns(columns) => columns.as_slice(),
    };
    let paths = columns.iter().filter_map(|column| column_path(&column.node));
    if query.from != Collection::DeviceJobs {
        problems.extend(paths.chain(&query.group_by).filter_map(|path| attribute::check(path, query.from)));
    }
}

/// The name of a column in its row: its alias, the last name of its path in canonical spelling, or
/// the lower-case name of its function.
pub(super) fn column_name(column: &Column, from: Collection) -> String {
    if let Some(alias) = &column.alias {
        return alias.node.clone();
    }
    match &column.value {
        ColumnValue::Path(path) => attribute::resolve(path, from).pop().map(String::from).unwrap_or_default(),
        ColumnValue::Count => "count".to_owned(),
        ColumnValue::Aggregate(aggregate, _) => aggregate.as_str().to_ascii_lowercase(),
    }
}

fn column_path(column: &Column) -> Option<&Path> {
    match &column.value {
        ColumnValue::Path(path) | ColumnValue::Aggregate(_, path) => Some(path),
        ColumnValue::Count => None,
    }
}

fn grouping_collection(query: &Query) -> Option<Problem> {
    let first = query.group_by.first()?;
    let last = query.group_by.last()?;
    if query.from == Collection::Devices {
        return None;
    }
    Some(
        Problem::new(
            ProblemCode::InvalidProjection,
            first.span().start..last.span().end,
            format!("`GROUP BY` is not available on `{}`", query.from.as_str()),
            "not available",
        )
        .note("only device twins can be grouped"),
    )
}

fn grouped_star(query: &Query) -> Option<Problem> {
    let first = query.group_by.first()?;
    let problem =
        Problem::new(ProblemCode::InvalidProjection, first.span(), "`SELECT *` cannot be grouped", "grouped here");
    Some(problem.help(format!("write `SELECT {first}, COUNT() AS n`")))
}

fn columns_of_jobs(from: Collection, columns: &[Spanned<Column>]) -> Option<Problem> {
    let (first, last) = (columns.first()?, columns.last()?);
    if from != Collection::DeviceJobs {
        return None;
    }
    Some(
        Problem::new(
            ProblemCode::InvalidProjection,
            first.span.start..last.span.end,
            "`devices.jobs` allows `SELECT *` only",
            "not available",
        )
        .help("write `SELECT * FROM devices.jobs`"),
    )
}

/// A plain column beside aggregates that is not grouped by, and so has no single value.
fn loose_column(query: &Query, all: &[Spanned<Column>], column: &Spanned<Column>) -> Option<Problem> {
    let aggregated =
        !query.group_by.is_empty() || all.iter().any(|column| !matches!(column.node.value, ColumnValue::Path(_)));
    let ColumnValue::Path(path) = &column.node.value else {
        return None;
    };
    let resolved = attribute::resolve(path, query.from);
    let grouped = query.group_by.iter().any(|key| attribute::resolve(key, query.from) == resolved);
    if !aggregated || grouped {
        return None;
    }
    let problem = Problem::new(
        ProblemCode::InvalidProjection,
        column.span.clone(),
        format!("`{path}` is neither grouped by nor aggregated"),
        "has no single value in a group",
    );
    Some(problem.help(format!("add `GROUP BY {path}`")))
}

fn duplicate_columns(from: Collection, columns: &[Spanned<Column>]) -> Vec<Problem> {
    let names: Vec<String> = columns.iter().map(|column| column_name(&column.node, from)).collect();
    let is_second = |index: &usize| names[..*index].contains(&names[*index]);
    (0..names.len())
        .filter(is_second)
        .map(|index| {
            Problem::new(
                ProblemCode::DuplicateColumn,
                columns[index].span.clone(),
                format!("two columns are named `{}`", names[index]),
                "replaces the earlier column",
            )
            .help("name one of them with `AS`")
        })
        .collect()
}
