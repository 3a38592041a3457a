//! The options of the Basic Profile (PS3.15, section E.3) and their codes (PS3.16, CID 7050).

/// An option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ProfileOption {
    /// Clean Pixel Data (E.3.1).
    CleanPixelData,
    /// Clean Recognizable Visual Features (E.3.2).
    CleanRecognizableVisualFeatures,
    /// Clean Graphics (E.3.3).
    CleanGraphics,
    /// Clean Structured Content (E.3.4).
    CleanStructuredContent,
    /// Clean Descriptors (E.3.5).
    CleanDescriptors,
    /// Retain Longitudinal Temporal Information with Full Dates (E.3.6).
    RetainFullDates,
    /// Retain Longitudinal Temporal Information with Modified Dates (E.3.6).
    RetainModifiedDates,
    /// Retain Patient Characteristics (E.3.7).
    RetainPatientCharacteristics,
    /// Retain Device Identity (E.3.8).
    RetainDeviceIdentity,
    /// Retain UIDs (E.3.9).
    RetainUids,
    /// Retain Safe Private (E.3.10).
    RetainSafePrivate,
    /// Retain Institution Identity (E.3.11).
    RetainInstitutionIdentity,
}

/// Code and meaning of the basic profile itself.
pub(super) const BASIC: (&str, &str) = ("113100", "Basic Application Confidentiality Profile");

impl ProfileOption {
    /// Every option, in the order of their codes.
    pub const ALL: [ProfileOption; 12] = [
        ProfileOption::CleanPixelData,
        ProfileOption::CleanRecognizableVisualFeatures,
        ProfileOption::CleanGraphics,
        ProfileOption::CleanStructuredContent,
        ProfileOption::CleanDescriptors,
        ProfileOption::RetainFullDates,
        ProfileOption::RetainModifiedDates,
        ProfileOption::RetainPatientCharacteristics,
        ProfileOption::RetainDeviceIdentity,
        ProfileOption::RetainUids,
        ProfileOption::RetainSafePrivate,
        ProfileOption::RetainInstitutionIdentity,
    ];

    /// Its code in CID 7050, of the coding scheme DCM.
    pub fn code(self) -> &'static str {
        self.words().0
    }

    /// The meaning of its code.
    pub fn meaning(self) -> &'static str {
        self.words().1
    }

    /// Its word in a site's files.
    pub fn name(self) -> &'static str {
        self.words().2
    }

    /// The option of a word.
    pub fn by_name(name: &str) -> Option<ProfileOption> {
        ProfileOption::ALL.into_iter().find(|option| option.name() == name)
    }

    #[rustfmt::skip]
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            ProfileOption::CleanPixelData => ("113101", "Clean Pixel Data Option", "clean-pixel-data"),
            ProfileOption::CleanRecognizableVisualFeatures => ("113102", "Clean Recognizable Visual Features Option", "clean-recognizable-visual-features"),
            ProfileOption::CleanGraphics => ("113103", "Clean Graphics Option", "clean-graphics"),
            ProfileOption::CleanStructuredContent => ("113104", "Clean Structured Content Option", "clean-structured-content"),
            ProfileOption::CleanDescriptors => ("113105", "Clean Descriptors Option", "clean-descriptors"),
            ProfileOption::RetainFullDates => ("113106", "Retain Longitudinal Temporal Information Full Dates Option", "retain-full-dates"),
            ProfileOption::RetainModifiedDates => ("113107", "Retain Longitudinal Temporal Information Modified Dates Option", "retain-modified-dates"),
            ProfileOption::RetainPatientCharacteristics => ("113108", "Retain Patient Characteristics Option", "retain-patient-characteristics"),
            ProfileOption::RetainDeviceIdentity => ("113109", "Retain Device Identity Option", "retain-device-identity"),
            ProfileOption::RetainUids => ("113110", "Retain UIDs Option", "retain-uids"),
            ProfileOption::RetainSafePrivate => ("113111", "Retain Safe Private Option", "retain-safe-private"),
            ProfileOption::RetainInstitutionIdentity => ("113112", "Retain Institution Identity Option", "retain-institution-identity"),
        }
    }
}

/// The options that were chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProfileOptions {
    bits: u16,
}

impl ProfileOptions {
    /// None: the basic profile alone.
    pub const NONE: ProfileOptions = ProfileOptions { bits: 0 };

    /// These options.
    pub fn of(options: &[ProfileOption]) -> Self {
        options.iter().copied().collect()
    }

    /// With one more.
    #[must_use]
    pub fn with(self, option: ProfileOption) -> Self {
        ProfileOptions { bits: self.bits | 1 << option as u8 }
    }

    /// Whether it was chosen.
    pub fn contains(self, option: ProfileOption) -> bool {
        self.bits >> option as u8 & 1 == 1
    }

    /// Those chosen, in the order of their codes.
    pub fn iter(self) -> impl Iterator<Item = ProfileOption> {
        ProfileOption::ALL.into_iter().filter(move |option| self.contains(*option))
    }
}

impl FromIterator<ProfileOption> for ProfileOptions {
    fn from_iter<I: IntoIterator<Item = ProfileOption>>(options: I) -> Self {
        options.into_iter().fold(ProfileOptions::NONE, ProfileOptions::with)
    }
}
