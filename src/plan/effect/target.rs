//! Questions about the devices that a condition selects.

use crate::model::TargetCondition;
use crate::plan::question::Question;
use crate::query::{Collection, Expr, Path, parse_condition};

/// Ids that are shown of the devices that a condition selects.
pub(in crate::plan) const SAMPLES: usize = 5;

/// Values of a path that are worth reading: of times or serial numbers every device has its own.
const VALUES_ENOUGH: usize = 500;

/// The devices, or modules, that a condition selects.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::plan) struct Target {
    from: Collection,
    filter: Option<Expr>,
}

impl Target {
    /// Nothing when the condition cannot be read; its job would fail, as validation says.
    pub(in crate::plan) fn of(condition: &TargetCondition) -> Option<Self> {
        let selection = parse_condition(condition.as_str()).0?;
        Some(Self { from: selection.from, filter: selection.filter })
    }

    /// The condition; nothing selects all.
    pub(in crate::plan) const fn filter(&self) -> Option<&Expr> {
        self.filter.as_ref()
    }

    /// The devices that a filter lets pass; without one, all.
    pub(in crate::plan) const fn of_devices(filter: Option<Expr>) -> Self {
        Self { from: Collection::Devices, filter }
    }

    /// Whether it selects devices; the hub neither groups modules nor knows whether they are connected.
    pub(in crate::plan) fn is_of_devices(&self) -> bool {
        self.from == Collection::Devices
    }

    /// The devices that both select; nothing for devices and modules, which share none.
    pub(in crate::plan) fn and(&self, other: &Self) -> Option<Self> {
        let filters: Vec<_> = [&self.filter, &other.filter].into_iter().flatten().cloned().collect();
        let filter = (!filters.is_empty()).then(|| Expr::all(filters));
        (self.from == other.from).then_some(Self { from: self.from, filter })
    }

    /// Those of them that conditions select as well.
    pub(in crate::plan) fn filtered(&self, by: impl IntoIterator<Item = Expr>) -> Self {
        let filters: Vec<_> = self.filter.iter().cloned().chain(by).collect();
        Self { from: self.from, filter: (!filters.is_empty()).then(|| Expr::all(filters)) }
    }

    /// How many devices there are: one row, one number.
    pub(in crate::plan) fn count(&self) -> Question {
        Question::new(format!("SELECT COUNT() AS n FROM {}", self.rest()))
    }

    /// How many there are, and how many of them are connected, in one query: rows of `v` and `n`.
    pub(in crate::plan) fn reach(&self) -> Question {
        if !self.is_of_devices() {
            return self.count();
        }
        let rest = self.rest();
        Question::new(format!("SELECT connectionState AS v, COUNT() AS n FROM {rest} GROUP BY connectionState"))
    }

    /// Some ids. `TOP` stands in the documented grammar, but nobody was seen to use it; the first page
    /// costs the same and is certain.
    pub(in crate::plan) fn samples(&self) -> Question {
        let columns = if self.is_of_devices() { "deviceId" } else { "deviceId, moduleId" };
        Question::for_rows(format!("SELECT {columns} FROM {}", self.rest()), SAMPLES)
    }

    /// Which values a path has, and how many devices have each: rows of `v` and `n`, perhaps not all. Of
    /// what cannot be grouped by (nothing, objects, lists) there is one row without `v`. Nothing for
    /// modules.
    pub(in crate::plan) fn values(&self, path: &Path) -> Option<Question> {
        let query = || format!("SELECT {path} AS v, COUNT() AS n FROM {} GROUP BY {path}", self.rest());
        self.is_of_devices().then(|| Question::for_rows(query(), VALUES_ENOUGH))
    }

    /// How many devices have anything at a path, an object or a list included. (The documentation has
    /// `IS_DEFINED` for single values only; where that is so, objects go on counting as unset.)
    pub(in crate::plan) fn defined(&self, path: &Path) -> Option<Question> {
        let is_defined = Self { from: self.from, filter: Some(Expr::is_defined(path.clone())) };
        self.is_of_devices().then(|| self.and(&is_defined).map(|both| both.count()))?
    }

    fn rest(&self) -> String {
        match &self.filter {
            None => self.from.to_string(),
            Some(filter) => format!("{} WHERE {filter}", self.from),
        }
    }
}
