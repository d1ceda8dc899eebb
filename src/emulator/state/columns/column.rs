//! One column: what all twins hold under one path.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::query::Field;

/// More distinct values than this have no codes.
const CODES_MAX: usize = 1 << 16;
/// Distinct strings of a column may have as many bytes together.
const TEXT_BYTES_MAX: usize = 16 << 20;
/// Rows that one thread takes at a time.
const ROWS_PER_CHUNK: usize = 8_192;

/// Not a number, so no JSON number either; the lower half says which cell is meant.
const BOXED: u64 = 0x7ff8_0000_0000_0000;

/// A value that many twins share.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Undefined,
    Null,
    Boolean(bool),
    Composite,
    Number(f64),
    Text(Arc<str>),
}

/// The cells that every column begins with, in the order of their codes.
const FIRST_CELLS: [Cell; 5] =
    [Cell::Undefined, Cell::Null, Cell::Boolean(false), Cell::Boolean(true), Cell::Composite];

/// What all twins hold under one path, by place.
#[derive(Debug)]
pub(super) struct Column {
    cells: Vec<Cell>,
    numbers: FxHashMap<u64, u32>,
    texts: FxHashMap<Arc<str>, u32>,
    text_bytes: usize,
    codes: Codes,
}

/// Which cell each row has.
#[derive(Debug)]
pub(super) enum Codes {
    Bytes(Vec<u8>),
    Shorts(Vec<u16>),
    /// Too many numbers for codes: the numbers themselves, and [`BOXED`] codes of all else.
    Words(Vec<u64>),
}

/// There are more distinct values than the column can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

impl Column {
    /// Reads a column of that many rows. Nothing if it has no form: too many distinct strings.
    pub(super) fn read<'d>(rows: usize, field: impl Fn(usize) -> Field<'d> + Sync) -> Option<Self> {
        let starts: Vec<usize> = (0..rows).step_by(ROWS_PER_CHUNK).collect();
        let chunk = |start: usize| Chunk::read(start..rows.min(start + ROWS_PER_CHUNK), &field);
        let chunks: Vec<Chunk<'d>> = starts.into_par_iter().map(chunk).collect();
        let mut column = Self {
            cells: FIRST_CELLS.to_vec(),
            numbers: FxHashMap::default(),
            texts: FxHashMap::default(),
            text_bytes: 0,
            codes: Codes::Bytes(Vec::new()),
        };
        let mut text_codes = Vec::with_capacity(chunks.len());
        for chunk in &chunks {
            let codes: Result<Vec<u32>, Full> = chunk.texts.iter().map(|text| column.text_code(text)).collect();
            text_codes.push(codes.ok()?);
        }
        let few_numbers = chunks.iter().flat_map(|chunk| &chunk.numbers).all(|bits| column.number_code(*bits).is_ok());
        if !few_numbers {
            column.forget_numbers();
        }
        let width = if few_numbers { column.cells.len() } else { usize::MAX };
        column.codes = column.codes_of(&chunks, &text_codes, width);
        Some(column)
    }

    fn codes_of(&self, chunks: &[Chunk<'_>], text_codes: &[Vec<u32>], width: usize) -> Codes {
        let words = |at: usize| {
            let (chunk, texts) = (&chunks[at], &text_codes[at]);
            chunk.words.iter().map(move |word| match cell_of(*word) {
                Some(code) => code_of_text(code).map_or(u64::from(code), |text| texts[text].into()) | BOXED,
                None => *word,
            })
        };
        let code = |word: u64| cell_of(word).unwrap_or_else(|| self.numbers.get(&word).copied().unwrap_or_default());
        let chunks = || (0..chunks.len()).into_par_iter();
        match width {
            0..=0x100 => Codes::Bytes(chunks().flat_map_iter(|at| words(at).map(|word| code(word) as u8)).collect()),
            0x101..=CODES_MAX => {
                Codes::Shorts(chunks().flat_map_iter(|at| words(at).map(|word| code(word) as u16)).collect())
            }
            _ => Codes::Words(chunks().flat_map_iter(words).collect()),
        }
    }

    /// Changes a row, or adds it and those before it.
    pub(super) fn set(&mut self, row: usize, field: Field<'_>) -> Result<(), Full> {
        let word = match field {
            Field::Undefined => BOXED,
            Field::Null => BOXED | 1,
            Field::Boolean(value) => BOXED | (2 + u64::from(value)),
            Field::Composite => BOXED | 4,
            Field::String(text) => BOXED | u64::from(self.text_code(text)?),
            Field::Number(number) => number.to_bits(),
        };
        if let Codes::Words(words) = &mut self.codes {
            *row_of(words, row, BOXED) = word;
            return Ok(());
        }
        let code = match cell_of(word) {
            Some(code) => code,
            None => self.number_code(word)?,
        };
        match &mut self.codes {
            Codes::Bytes(codes) => *row_of(codes, row, 0) = u8::try_from(code).map_err(|_| Full)?,
            Codes::Shorts(codes) => *row_of(codes, row, 0) = u16::try_from(code).map_err(|_| Full)?,
            Codes::Words(_) => {}
        }
        Ok(())
    }

    /// What a row has.
    pub(super) fn field(&self, row: usize) -> Field<'_> {
        match &self.codes {
            Codes::Bytes(codes) => self.cell(codes.get(row).copied().unwrap_or_default().into()),
            Codes::Shorts(codes) => self.cell(codes.get(row).copied().unwrap_or_default().into()),
            Codes::Words(words) => {
                let word = words.get(row).copied().unwrap_or(BOXED);
                cell_of(word).map_or(Field::Number(f64::from_bits(word)), |code| self.cell(code))
            }
        }
    }

    /// The value of a code.
    pub(super) fn cell(&self, code: u32) -> Field<'_> {
        match self.cells.get(code as usize) {
            None | Some(Cell::Undefined) => Field::Undefined,
            Some(Cell::Null) => Field::Null,
            Some(Cell::Boolean(value)) => Field::Boolean(*value),
            Some(Cell::Composite) => Field::Composite,
            Some(Cell::Number(number)) => Field::Number(*number),
            Some(Cell::Text(text)) => Field::String(text),
        }
    }

    /// The code of a row of a column that has codes.
    pub(super) fn code(&self, row: usize) -> usize {
        match &self.codes {
            Codes::Bytes(codes) => codes.get(row).copied().unwrap_or_default().into(),
            Codes::Shorts(codes) => codes.get(row).copied().unwrap_or_default().into(),
            Codes::Words(_) => 0,
        }
    }

    /// Number of cells; codes are below it.
    pub(super) const fn cell_count(&self) -> usize {
        self.cells.len()
    }

    /// The code of each row.
    pub(super) const fn codes(&self) -> &Codes {
        &self.codes
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let codes = match &self.codes {
            Codes::Bytes(codes) => codes.capacity(),
            Codes::Shorts(codes) => codes.capacity() * 2,
            Codes::Words(words) => words.capacity() * 8,
        };
        codes + self.text_bytes + self.cells.capacity() * 64 + self.numbers.capacity() * 16
    }

    fn text_code(&mut self, text: &str) -> Result<u32, Full> {
        if let Some(code) = self.texts.get(text) {
            return Ok(*code);
        }
        if self.text_bytes + text.len() > TEXT_BYTES_MAX {
            return Err(Full);
        }
        let text: Arc<str> = text.into();
        let code = self.add(Cell::Text(Arc::clone(&text)))?;
        self.text_bytes += text.len();
        self.texts.insert(text, code);
        Ok(code)
    }

    fn number_code(&mut self, bits: u64) -> Result<u32, Full> {
        if let Some(code) = self.numbers.get(&bits) {
            return Ok(*code);
        }
        let code = self.add(Cell::Number(f64::from_bits(bits)))?;
        self.numbers.insert(bits, code);
        Ok(code)
    }

    fn add(&mut self, cell: Cell) -> Result<u32, Full> {
        if self.cells.len() >= CODES_MAX {
            return Err(Full);
        }
        self.cells.push(cell);
        u32::try_from(self.cells.len() - 1).map_err(|_| Full)
    }

    /// Numbers come after all strings while a column is read.
    fn forget_numbers(&mut self) {
        self.numbers = FxHashMap::default();
        self.cells.truncate(FIRST_CELLS.len() + self.texts.len());
    }
}

/// The boxed code of a word, unless it is a number.
pub(super) const fn cell_of(word: u64) -> Option<u32> {
    if word & BOXED == BOXED && word >> 63 == 0 { Some(word as u32) } else { None }
}

/// While a column is read: which of the strings of its chunk a code means.
fn code_of_text(code: u32) -> Option<usize> {
    (code as usize).checked_sub(FIRST_CELLS.len())
}

/// A row of a column that may end before it.
fn row_of<T: Clone>(codes: &mut Vec<T>, row: usize, empty: T) -> &mut T {
    if codes.len() <= row {
        codes.resize(row + 1, empty);
    }
    &mut codes[row]
}

/// Some rows of a column that is being read, with the strings in them.
struct Chunk<'d> {
    words: Vec<u64>,
    texts: Vec<&'d str>,
    numbers: FxHashSet<u64>,
}

impl<'d> Chunk<'d> {
    fn read(rows: std::ops::Range<usize>, field: &impl Fn(usize) -> Field<'d>) -> Self {
        let mut codes: FxHashMap<&'d str, u64> = FxHashMap::default();
        let mut chunk =
            Self { words: Vec::with_capacity(rows.len()), texts: Vec::new(), numbers: FxHashSet::default() };
        for row in rows {
            let word = match field(row) {
                Field::Undefined => BOXED,
                Field::Null => BOXED | 1,
                Field::Boolean(value) => BOXED | (2 + u64::from(value)),
                Field::Composite => BOXED | 4,
                Field::Number(number) => {
                    chunk.numbers.insert(number.to_bits());
                    number.to_bits()
                }
                Field::String(text) => {
                    let next = (FIRST_CELLS.len() + codes.len()) as u64;
                    BOXED
                        | *codes.entry(text).or_insert_with(|| {
                            chunk.texts.push(text);
                            next
                        })
                }
            };
            chunk.words.push(word);
        }
        chunk
    }
}
