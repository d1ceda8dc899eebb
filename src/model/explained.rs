//! Stable codes with what they mean. A table has one row for each variant of an enum, so that the
//! compiler finds the code that nobody explained.

/// A stable code, for people who look it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explained {
    /// The code, in kebab-case.
    pub code: &'static str,
    /// What it means, in sentences.
    pub meaning: &'static str,
    /// When one meets it: a line of a plan, or how one comes to it.
    pub example: &'static str,
    /// What to do about it, in sentences.
    pub mend: &'static str,
}

/// Gives an enum the constant `EXPLAINED` and the method `explained`, from one row a variant:
/// `pattern => code: meaning | example | mend;`.
macro_rules! explained {
    ($visibility:vis $type:ty { $(
        $pattern:pat => $code:literal: $meaning:literal | $example:literal | $mend:literal;
    )+ }) => {
        impl $type {
            /// All codes, in the order of the variants.
            $visibility const EXPLAINED: &[$crate::model::Explained] = &[$(
                $crate::model::Explained { code: $code, meaning: $meaning, example: $example, mend: $mend },
            )+];

            /// The code, explained.
            #[must_use]
            #[allow(dead_code, reason = "an enum may need no more than the proof that none is left out")]
            $visibility const fn explained(&self) -> &'static $crate::model::Explained {
                match self { $(
                    $pattern => &$crate::model::Explained {
                        code: $code, meaning: $meaning, example: $example, mend: $mend,
                    },
                )+ }
            }
        }
    };
}

pub(crate) use explained;
