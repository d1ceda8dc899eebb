//! The kinds of documents.

/// What a document describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Whose jobs, on which hubs, under which limits.
    Project,
    /// Invoke a direct method.
    MethodJob,
    /// Update device twins.
    TwinJob,
    /// Simulated devices for the emulator.
    Fleet,
    /// Rules over what a plan would do.
    Policy,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Project, Self::MethodJob, Self::TwinJob, Self::Fleet, Self::Policy];

    /// The word as written after `kind:`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Project => "Project",
            Self::MethodJob => "MethodJob",
            Self::TwinJob => "TwinJob",
            Self::Fleet => "Fleet",
            Self::Policy => "Policy",
        }
    }

    /// Whether it is a manifest: what environments may patch, and put variables into.
    #[must_use]
    pub const fn is_job(self) -> bool {
        matches!(self, Self::MethodJob | Self::TwinJob)
    }

    /// The kind of that name; case matters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
