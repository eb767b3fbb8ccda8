//! Why a file cannot be read at all.

/// Why a file cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// Nothing, or nothing but a header.
    #[error("The file holds no rows.")]
    Empty,
    /// `.xlsx`, `.xls`, `.ods`, whatever it is called.
    #[error("This is a spreadsheet of Excel or its like. Save it there as CSV, and hand that in.")]
    Workbook,
    /// Packed.
    #[error("This is a compressed file. Unpack it, and hand in the CSV file inside.")]
    Archive,
    /// A PDF.
    #[error("This is a PDF. Hand in a CSV file.")]
    Pdf,
    /// No row has an address, and no header says where one would be.
    #[error("The file has no column of e-mail addresses.")]
    NoAddresses,
    /// The column that was asked for is not there.
    #[error("The file has no column `{column}`. It has: {}.", .columns.join(", "))]
    NoSuchColumn {
        /// What was asked for.
        column: String,
        /// What there is.
        columns: Vec<String>,
    },
    /// Several columns have addresses: somebody has to say which.
    #[error("Several columns hold e-mail addresses: {}. Say which one to use.", .columns.join(", "))]
    WhichColumn {
        /// Each as [`Rules::column`](crate::Rules) takes it.
        columns: Vec<String>,
    },
    /// More pieces than allowed.
    #[error("The file holds more than {most} addresses. Split it.")]
    TooMany {
        /// How many are allowed: there is at least one more.
        most: usize,
    },
    /// A line without an end, or a quote that is never closed.
    #[error("Line {line} is longer than 64 KiB, or a quote that it opens is never closed.")]
    LineTooLong {
        /// Which.
        line: u32,
    },
}

impl FileProblem {
    /// The stable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Workbook => "workbook",
            Self::Archive => "archive",
            Self::Pdf => "pdf",
            Self::NoAddresses => "no-addresses",
            Self::NoSuchColumn { .. } => "no-such-column",
            Self::WhichColumn { .. } => "which-column",
            Self::TooMany { .. } => "too-many",
            Self::LineTooLong { .. } => "line-too-long",
        }
    }
}
