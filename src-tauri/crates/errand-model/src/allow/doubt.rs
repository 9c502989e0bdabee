use serde::Serialize;

/// Why it is not clear that a command may run. The names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    Substitution,
    Variable,
    Glob,
    Braces,
    Tilde,
    Comment,
    History,
    Group,
    Background,
    OrElse,
    HereDocument,
    ProcessSubstitution,
    Redirect,
    Control,
    ForeignSign,
    OpenQuote,
    Empty,
    Keyword,
    Assignment,
    TooLong,
    /// A redirect leads out of the folder.
    Outside,
    /// A redirect does what the workspace does not allow.
    Workspace,
    /// It would run in another folder.
    Elsewhere,
    /// It runs what it is handed.
    RunsOthers,
    NotListed,
    /// A rule fits, but it was made for another program of that name.
    OtherProgram,
    /// Everything is asked.
    Always,
}

impl Doubt {
    pub const ALL: [Doubt; 27] = [
        Doubt::Substitution,
        Doubt::Variable,
        Doubt::Glob,
        Doubt::Braces,
        Doubt::Tilde,
        Doubt::Comment,
        Doubt::History,
        Doubt::Group,
        Doubt::Background,
        Doubt::OrElse,
        Doubt::HereDocument,
        Doubt::ProcessSubstitution,
        Doubt::Redirect,
        Doubt::Control,
        Doubt::ForeignSign,
        Doubt::OpenQuote,
        Doubt::Empty,
        Doubt::Keyword,
        Doubt::Assignment,
        Doubt::TooLong,
        Doubt::Outside,
        Doubt::Workspace,
        Doubt::Elsewhere,
        Doubt::RunsOthers,
        Doubt::NotListed,
        Doubt::OtherProgram,
        Doubt::Always,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Doubt::Substitution => "substitution",
            Doubt::Variable => "variable",
            Doubt::Glob => "glob",
            Doubt::Braces => "braces",
            Doubt::Tilde => "tilde",
            Doubt::Comment => "comment",
            Doubt::History => "history",
            Doubt::Group => "group",
            Doubt::Background => "background",
            Doubt::OrElse => "or_else",
            Doubt::HereDocument => "here_document",
            Doubt::ProcessSubstitution => "process_substitution",
            Doubt::Redirect => "redirect",
            Doubt::Control => "control",
            Doubt::ForeignSign => "foreign_sign",
            Doubt::OpenQuote => "open_quote",
            Doubt::Empty => "empty",
            Doubt::Keyword => "keyword",
            Doubt::Assignment => "assignment",
            Doubt::TooLong => "too_long",
            Doubt::Outside => "outside",
            Doubt::Workspace => "workspace",
            Doubt::Elsewhere => "elsewhere",
            Doubt::RunsOthers => "runs_others",
            Doubt::NotListed => "not_listed",
            Doubt::OtherProgram => "other_program",
            Doubt::Always => "always",
        }
    }
}

/// A doubt and the sentence about this case of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubted {
    pub doubt: Doubt,
    pub text: String,
}

impl Doubted {
    pub(super) fn new(doubt: Doubt, text: impl Into<String>) -> Doubted {
        Doubted { doubt, text: text.into() }
    }

    pub(super) fn at(column: usize, doubt: Doubt, what: &str) -> Doubted {
        Doubted::new(doubt, format!("At column {column}: {what}."))
    }
}
