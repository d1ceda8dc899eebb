//! Columns without lines, as kubectl prints them.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

/// A heading in capitals, and whether its column holds numbers.
pub(super) struct Column(pub(super) &'static str, pub(super) CellAlignment);

pub(super) const fn text(heading: &'static str) -> Column {
    Column(heading, CellAlignment::Left)
}

pub(super) const fn number(heading: &'static str) -> Column {
    Column(heading, CellAlignment::Right)
}

/// The rows under their headings, two blanks between columns, none at the ends of lines.
pub(super) fn table(columns: &[Column], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).force_no_tty().set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns.iter().map(|Column(heading, align)| Cell::new(heading).set_alignment(*align)));
    for (index, Column(_, align)) in columns.iter().enumerate() {
        if let Some(column) = table.column_mut(index) {
            column.set_padding((0, 2));
            column.set_cell_alignment(*align);
        }
    }
    table.add_rows(rows);
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
