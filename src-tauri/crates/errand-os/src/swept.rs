use errand_base::RunId;

/// What a [`sweep`] has found and ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub ended: Vec<SweptProcess>,
    /// How many were still there after 15 seconds of KILL.
    pub left: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SweptProcess {
    pub pid: u32,
    pub name: String,
    /// None for what carries no mark itself, such as a child with a cleaned environment.
    pub run: Option<RunId>,
}
