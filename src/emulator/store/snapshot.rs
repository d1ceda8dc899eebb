//! A snapshot: the whole state at the beginning of a generation, piece by piece, so that a large
//! state needs no second copy in memory.
//!
//! Lines of text: `hubjobs snapshot <format>`; the [`Head`] as JSON; every piece as JSON; and
//! `end <crc32>`, which covers all before it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::directory::{StateDir, create_private};
use super::error::{OnFile, StoreError};

const FORMAT: u32 = 1;
const TITLE: &str = "hubjobs snapshot ";
const END: &str = "end ";

/// Where in its history the state was.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Head {
    /// Number of the last record in it; 0 before the first.
    pub(super) seq: u64,
    /// Time of the emulator.
    pub(super) at: Timestamp,
    /// Time of the machine.
    pub(super) wall: Timestamp,
}

/// Writes a snapshot, all or nothing, and gives its length. Its name is durable only after the
/// folder was synced.
pub(super) fn write<S: Serialize>(
    dir: &StateDir,
    generation: u64,
    head: Head,
    pieces: impl Iterator<Item = S>,
) -> Result<u64, StoreError> {
    let path = dir.snapshot(generation);
    let temporary = path.with_extension("tmp");
    let file = create_private(&temporary)?;
    let mut out = Checked { inner: BufWriter::with_capacity(1 << 16, file), hasher: crc32fast::Hasher::new(), len: 0 };
    write_lines(&mut out, head, pieces).on_file("write", &temporary)?;
    let file = out.inner.into_inner().map_err(std::io::IntoInnerError::into_error).on_file("write", &temporary)?;
    file.sync_all().on_file("sync", &temporary)?;
    fs::rename(&temporary, &path).on_file("replace", &path)?;
    Ok(out.len)
}

fn write_lines<S: Serialize>(
    out: &mut Checked<impl Write>,
    head: Head,
    pieces: impl Iterator<Item = S>,
) -> std::io::Result<()> {
    writeln!(out, "{TITLE}{FORMAT}")?;
    serde_json::to_writer(&mut *out, &head)?;
    for piece in pieces {
        out.write_all(b"\n")?;
        serde_json::to_writer(&mut *out, &piece)?;
    }
    out.write_all(b"\n")?;
    let crc = out.hasher.clone().finalize();
    writeln!(out, "{END}{crc:08x}")
}

/// Counts what passes through, and sums it up.
struct Checked<W> {
    inner: W,
    hasher: crc32fast::Hasher,
    len: u64,
}

impl<W: Write> Write for Checked<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.inner.write_all(bytes)?;
        self.hasher.update(bytes);
        self.len += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

/// Reads a snapshot and hands over its pieces in order. They are to be trusted only when this
/// returns.
///
/// # Errors
/// When it is of another format, damaged, or makes no sense to `take`.
pub(super) fn read<S: DeserializeOwned>(
    dir: &StateDir,
    generation: u64,
    take: impl FnMut(S) -> Result<(), String>,
) -> Result<Head, StoreError> {
    let path = dir.snapshot(generation);
    let file = File::open(&path).on_file("open", &path)?;
    read_from(&path, BufReader::with_capacity(1 << 16, file), take)
}

/// As [`read`], from anywhere; `path` is for messages.
pub(super) fn read_from<S: DeserializeOwned>(
    path: &Path,
    reader: impl BufRead,
    mut take: impl FnMut(S) -> Result<(), String>,
) -> Result<Head, StoreError> {
    let mut lines = Lines { path, inner: reader, line: String::new() };
    let mut hasher = crc32fast::Hasher::new();
    check_title(path, lines.next(&mut hasher)?)?;
    let head: Head = parse(path, lines.next(&mut hasher)?)?;
    loop {
        let crc = hasher.clone().finalize();
        let line = lines.next(&mut hasher)?;
        if let Some(told) = line.strip_prefix(END) {
            let sound = u32::from_str_radix(told.trim_end(), 16) == Ok(crc);
            return if sound { Ok(head) } else { Err(StoreError::damaged(path, "its checksum does not match")) };
        }
        take(parse(path, line)?).map_err(|why| StoreError::damaged(path, why))?;
    }
}

struct Lines<'a, R> {
    path: &'a Path,
    inner: R,
    line: String,
}

impl<R: BufRead> Lines<'_, R> {
    fn next(&mut self, hasher: &mut crc32fast::Hasher) -> Result<&str, StoreError> {
        self.line.clear();
        match self.inner.read_line(&mut self.line) {
            Ok(0) => Err(StoreError::damaged(self.path, "its end is missing")),
            Ok(_) => {
                hasher.update(self.line.as_bytes());
                Ok(&self.line)
            }
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                Err(StoreError::damaged(self.path, "it is not text"))
            }
            Err(error) => Err(error).on_file("read", self.path),
        }
    }
}

fn check_title(path: &Path, line: &str) -> Result<(), StoreError> {
    match line.trim_end().strip_prefix(TITLE).and_then(|format| format.parse().ok()) {
        Some(FORMAT) => Ok(()),
        Some(found) => Err(StoreError::Format { path: path.to_owned(), found, supported: FORMAT }),
        None => Err(StoreError::damaged(path, "it does not begin like a snapshot")),
    }
}

fn parse<T: DeserializeOwned>(path: &Path, line: &str) -> Result<T, StoreError> {
    // The text of the error would quote the line, and with it perhaps a key.
    serde_json::from_str(line).map_err(|error| {
        StoreError::damaged(path, format!("a line of it is not of this version, at column {}", error.column()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head { seq: 7, at: Timestamp::UNIX_EPOCH, wall: Timestamp::UNIX_EPOCH };

    fn read_back(dir: &StateDir) -> Result<Vec<String>, StoreError> {
        let mut pieces = Vec::new();
        let head = read(dir, 1, |piece: String| {
            pieces.push(piece);
            Ok(())
        })?;
        assert_eq!(head.seq, HEAD.seq);
        Ok(pieces)
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let dir = StateDir::new(folder.path());
        let len = write(&dir, 1, HEAD, ["a", "end", "a\nb"].into_iter()).unwrap();
        assert_eq!(read_back(&dir).unwrap(), ["a", "end", "a\nb"]);
        let whole = fs::read(dir.snapshot(1)).unwrap();
        assert_eq!(whole.len() as u64, len);
        for cut in 0..whole.len() - 1 {
            fs::write(dir.snapshot(1), &whole[..cut]).unwrap();
            assert!(read_back(&dir).is_err(), "{cut} bytes");
        }
        for bit in 0..(whole.len() - 1) * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs::write(dir.snapshot(1), &bytes).unwrap();
            // Only the case of a digit of the checksum may differ.
            let in_checksum = bit / 8 > whole.len() - 10;
            assert!(read_back(&dir).is_err() || in_checksum, "bit {bit}");
        }
    }
}
