//! JSON objects in few bytes. A twin of 1 KB takes about half a KB, and a path is found without
//! unpacking anything.
//!
//! ```text
//! members := { key:varint version:varint value }
//! value   := NULL | FALSE | TRUE | INTEGER zigzag:varint | FLOAT 8 bytes
//!          | TEXT length:varint bytes | OBJECT length:4 members | ARRAY length:4 { value }
//! ```
//!
//! Numbers are little-endian. `version` says which write of the section set the member.

use serde_json::{Map, Number, Value};

use super::keys::{Key, Keys};

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INTEGER: u8 = 3;
const FLOAT: u8 = 4;
const TEXT: u8 = 5;
const OBJECT: u8 = 6;
const ARRAY: u8 = 7;

/// A packed value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node<'a> {
    /// `null`; only in arrays of old journals, the hub stores none.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// A string, in UTF-8.
    Text(&'a [u8]),
    /// An object.
    Object(Members<'a>),
    /// An array.
    Array(Elements<'a>),
}

/// A member of an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'a> {
    /// Its name.
    pub(super) key: Key,
    /// Which write of the section set it.
    pub(super) version: u32,
    /// Its value.
    pub(super) node: Node<'a>,
    /// All its bytes.
    pub(super) raw: &'a [u8],
}

/// The members of a packed object, in order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Members<'a>(&'a [u8]);

/// The elements of a packed array.
#[derive(Debug, Clone, Copy)]
pub(super) struct Elements<'a>(&'a [u8]);

impl<'a> Member<'a> {
    /// The bytes of its value.
    pub(super) fn value(&self) -> &'a [u8] {
        let mut head = Vec::with_capacity(8);
        write_head(&mut head, self.key, self.version);
        &self.raw[head.len()..]
    }
}

impl<'a> Members<'a> {
    /// The members that these bytes hold.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub(super) const fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// The value of one member. Other members are passed over without a look at their values.
    pub(super) fn get(self, key: Key) -> Option<Node<'a>> {
        let mut rest = self.0;
        loop {
            let found = read_varint(&mut rest)? == u64::from(key.0);
            read_varint(&mut rest)?;
            if found {
                return read_node(&mut rest);
            }
            skip_node(&mut rest)?;
        }
    }

    /// The object as JSON.
    pub(super) fn to_json(self, keys: &Keys) -> Map<String, Value> {
        self.map(|member| (keys.name(member.key).to_owned(), member.node.to_json(keys))).collect()
    }

    /// Whether the bytes are well-formed and name only known keys.
    pub(super) fn is_sound(mut self, keys: &Keys) -> bool {
        for member in self.by_ref() {
            let known = (member.key.0 as usize) < keys.len();
            if !known || !member.node.is_sound(keys) {
                return false;
            }
        }
        self.0.is_empty()
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    /// Ends early at bytes that make no sense, and leaves them.
    fn next(&mut self) -> Option<Member<'a>> {
        let mut rest = self.0;
        let key = Key(u32::try_from(read_varint(&mut rest)?).ok()?);
        let version = u32::try_from(read_varint(&mut rest)?).ok()?;
        let node = read_node(&mut rest)?;
        let raw = &self.0[..self.0.len() - rest.len()];
        self.0 = rest;
        Some(Member { key, version, node, raw })
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        let mut rest = self.0;
        let node = read_node(&mut rest)?;
        self.0 = rest;
        Some(node)
    }
}

impl Node<'_> {
    /// The value as JSON.
    pub(super) fn to_json(self, keys: &Keys) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(value) => value.into(),
            Self::Integer(value) => value.into(),
            Self::Float(value) => Number::from_f64(value).map_or(Value::Null, Value::Number),
            Self::Text(bytes) => text(bytes).into(),
            Self::Object(members) => members.to_json(keys).into(),
            Self::Array(elements) => elements.map(|node| node.to_json(keys)).collect(),
        }
    }

    fn is_sound(self, keys: &Keys) -> bool {
        match self {
            Self::Object(members) => members.is_sound(keys),
            Self::Array(mut elements) => elements.by_ref().all(|node| node.is_sound(keys)) && elements.0.is_empty(),
            Self::Text(bytes) => std::str::from_utf8(bytes).is_ok(),
            _ => true,
        }
    }
}

/// Packed strings come from JSON, so they are UTF-8.
pub(super) const fn text(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => "",
    }
}

/// Nearly all of them are of one byte.
fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    match bytes.split_first() {
        Some((byte, rest)) if *byte < 0x80 => {
            *bytes = rest;
            Some(u64::from(*byte))
        }
        _ => read_long_varint(bytes),
    }
}

#[cold]
fn read_long_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            *bytes = &bytes[at + 1..];
            return Some(value);
        }
    }
    None
}

pub(super) fn read_node<'a>(bytes: &mut &'a [u8]) -> Option<Node<'a>> {
    let (tag, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(match *tag {
        NULL => Node::Null,
        FALSE => Node::Boolean(false),
        TRUE => Node::Boolean(true),
        INTEGER => Node::Integer(unzigzag(read_varint(bytes)?)),
        FLOAT => {
            let (float, rest) = bytes.split_first_chunk()?;
            *bytes = rest;
            Node::Float(f64::from_le_bytes(*float))
        }
        TEXT => {
            let length = usize::try_from(read_varint(bytes)?).ok()?;
            let (text, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            Node::Text(text)
        }
        OBJECT => Node::Object(Members(read_block(bytes)?)),
        ARRAY => Node::Array(Elements(read_block(bytes)?)),
        _ => return None,
    })
}

/// Passes over a value, and over all of it at once.
fn skip_node(bytes: &mut &[u8]) -> Option<()> {
    let (tag, rest) = bytes.split_first()?;
    *bytes = rest;
    let length = match *tag {
        NULL | FALSE | TRUE => 0,
        INTEGER => return read_varint(bytes).map(drop),
        FLOAT => 8,
        TEXT => usize::try_from(read_varint(bytes)?).ok()?,
        OBJECT | ARRAY => return read_block(bytes).map(drop),
        _ => return None,
    };
    *bytes = bytes.get(length..)?;
    Some(())
}

fn read_block<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (block, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *bytes = rest;
    Some(block)
}

/// Appends key and version, the head of a member.
pub(super) fn write_head(out: &mut Vec<u8>, key: Key, version: u32) {
    write_varint(out, u64::from(key.0));
    write_varint(out, u64::from(version));
}

/// Appends an object whose members `write` appends.
pub(super) fn write_object(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    write_block(out, OBJECT, write);
}

/// Appends a JSON value. Members of objects in it carry version 0: the hub keeps metadata of
/// an array as a whole only, and no object but those of arrays is written this way.
pub(super) fn write_json(out: &mut Vec<u8>, value: &Value, keys: &mut Keys) {
    match value {
        Value::Null => out.push(NULL),
        Value::Bool(value) => out.push(if *value { TRUE } else { FALSE }),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => {
            out.push(TEXT);
            write_varint(out, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        }
        Value::Object(members) => write_block(out, OBJECT, |out| {
            for (name, value) in members {
                write_head(out, keys.intern(name), 0);
                write_json(out, value, keys);
            }
        }),
        Value::Array(elements) => write_block(out, ARRAY, |out| {
            for value in elements {
                write_json(out, value, keys);
            }
        }),
    }
}

fn write_number(out: &mut Vec<u8>, number: &Number) {
    if let Some(integer) = number.as_i64() {
        out.push(INTEGER);
        write_varint(out, zigzag(integer));
    } else {
        out.push(FLOAT);
        out.extend_from_slice(&number.as_f64().unwrap_or_default().to_le_bytes());
    }
}

fn write_block(out: &mut Vec<u8>, tag: u8, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let length = u32::try_from(out.len() - at - 4).expect("the hub refuses objects long before 4 GB");
    out[at..at + 4].copy_from_slice(&length.to_le_bytes());
}

fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Small numbers of either sign become small numbers without one.
const fn zigzag(value: i64) -> u64 {
    (value.wrapping_shl(1) ^ (value >> 63)).cast_unsigned()
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_written() {
        let json = serde_json::json!({
            "a": 1, "b": 1.0, "c": -4_503_599_627_370_496_i64, "d": true, "e": "gr\u{fc}n", "f": [1, {"g": [false]}], "h": {},
        });
        let mut keys = Keys::default();
        let mut bytes = Vec::new();
        write_json(&mut bytes, &json, &mut keys);
        let node = read_node(&mut &bytes[..]).expect("packed above");
        assert!(node.is_sound(&keys));
        assert_eq!(node.to_json(&keys), json);
        assert_eq!(node.to_json(&keys)["b"].to_string(), "1.0");
        let Node::Object(members) = node else { panic!("an object") };
        assert!(matches!(members.get(keys.intern("a")), Some(Node::Integer(1))));
        for (name, value) in json.as_object().expect("an object") {
            let node = members.get(keys.intern(name)).expect("every member is found");
            assert_eq!(node.to_json(&keys), *value, "{name}");
        }
        assert!(members.get(keys.intern("none")).is_none());
    }

    #[test]
    fn damaged_bytes_are_noticed() {
        let mut keys = Keys::default();
        let mut bytes = Vec::new();
        write_head(&mut bytes, keys.intern("a"), 1);
        write_json(&mut bytes, &"text".into(), &mut keys);
        assert!(Members::new(&bytes).is_sound(&keys));
        assert!(!Members::new(&bytes[..bytes.len() - 1]).is_sound(&keys));
        assert!(!Members::new(&bytes).is_sound(&Keys::default()));
    }

    proptest::proptest! {
        #[test]
        fn whole_numbers_come_back(value: i64) {
            proptest::prop_assert_eq!(unzigzag(zigzag(value)), value);
        }
    }
}
