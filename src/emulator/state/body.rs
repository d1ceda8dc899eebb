//! Bodies of requests. The hub reads member names in any case (reference 2.1).

use serde_json::{Map, Value};

use super::fault::{FaultKind, HubFault};

/// An object in a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body<'a>(&'a Map<String, Value>);

impl<'a> Body<'a> {
    /// The body of a request, which must be an object.
    pub(super) fn of(value: &'a Value) -> Result<Self, HubFault> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            Value::Null => Err(FaultKind::ArgumentNull.into()),
            _ => Err(FaultKind::GenericBadRequest.into()),
        }
    }

    /// An object within a request.
    pub(super) const fn of_map(members: &'a Map<String, Value>) -> Self {
        Self(members)
    }

    /// A member as it stands, `null` included. The exact spelling wins over others.
    pub(super) fn raw(self, name: &str) -> Option<&'a Value> {
        let any_case = || self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        self.0.get(name).or_else(any_case)
    }

    /// A member; `null` counts as absent.
    pub(super) fn get(self, name: &str) -> Option<&'a Value> {
        self.raw(name).filter(|value| !value.is_null())
    }

    /// A string.
    pub(super) fn text(self, name: &str) -> Result<Option<&'a str>, HubFault> {
        self.typed(name, "a string", Value::as_str)
    }

    /// An object.
    pub(super) fn object(self, name: &str) -> Result<Option<&'a Map<String, Value>>, HubFault> {
        self.typed(name, "an object", Value::as_object)
    }

    /// An object to look into.
    pub(super) fn inner(self, name: &str) -> Result<Option<Self>, HubFault> {
        Ok(self.object(name)?.map(Self))
    }

    /// A whole number.
    pub(super) fn integer(self, name: &str) -> Result<Option<i64>, HubFault> {
        self.typed(name, "an integer", Value::as_i64)
    }

    /// `true` or `false`.
    pub(super) fn boolean(self, name: &str) -> Result<Option<bool>, HubFault> {
        self.typed(name, "a boolean", Value::as_bool)
    }

    fn typed<T>(self, name: &str, kind: &str, read: impl Fn(&'a Value) -> Option<T>) -> Result<Option<T>, HubFault> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match read(value) {
            Some(value) => Ok(Some(value)),
            None => Err(invalid(format!("{name} must be {kind}."))),
        }
    }
}

/// The usual refusal of an argument.
pub(super) fn invalid(text: impl Into<String>) -> HubFault {
    HubFault::new(FaultKind::ArgumentInvalid, text)
}

/// The refusal when a required argument is missing (assumed: the same code as for a query).
pub(super) fn missing(name: &str) -> HubFault {
    HubFault::new(FaultKind::ArgumentNull, format!("{name} is required."))
}
