pub mod beneath;
pub mod boundary;
pub mod ladder;
pub mod process;
pub mod sweep;
pub mod sys;
pub mod tree;
